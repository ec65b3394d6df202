"""What is true and lasts: articles, changes, answers, feedback, servers, jobs."""
