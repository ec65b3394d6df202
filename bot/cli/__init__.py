"""The passage command: the same engine, in a terminal."""
