"""From a question to ranked passages to the decision which words answer, and how surely."""
