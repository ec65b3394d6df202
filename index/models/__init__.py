"""Texts to vectors, and a question with a passage to evidence; served without torch."""
