"""How many there are of something, on cards and in terminals alike; no part of Discord."""


def plural(count: int, one: str, several: str = "") -> str:
    """Return how many there are of something."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
