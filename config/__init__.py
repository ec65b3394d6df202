"""Settings, and the starter library that ships with Passage."""
