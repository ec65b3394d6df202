"""From an article to the passages that are embedded and shown."""
