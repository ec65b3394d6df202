"""Texts as Discord shows them: markup, graphemes, links, counts."""
