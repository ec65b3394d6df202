"""``python -m bot`` is ``passage run``."""
