"""The making of the reader that ships with Passage: ``make train``."""
