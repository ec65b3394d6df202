"""The models as torch runs them, and how they are compiled to do without it."""
