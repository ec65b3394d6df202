"""Attacks on what Passage promises; `make torture` runs them all.

Each has ``run(amount, seed)``, which attacks so often, fails where a promise is broken, and returns
its figures; ``SHORT`` is the amount in the test suite, ``LONG`` that of `make torture`.
"""

ATTACKS = ("crashes", "power", "damage", "fetching", "walls", "hostile_text", "bad_input", "storms")
