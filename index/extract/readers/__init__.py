"""One file a format: bytes to the blocks of an article."""
