"""Articles in, ranked passages and answers out; knows nothing of Discord."""
