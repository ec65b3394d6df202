"""Passage beside the peers, and as it grows: ``make bench``."""
