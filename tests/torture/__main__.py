"""``python -m tests.torture [name …] [--seed N] [--amount N]``: attack for long, print figures."""

from __future__ import annotations

import argparse
import importlib
import os
import tempfile
import time
from pathlib import Path

from tests.torture import ATTACKS


def main() -> None:
    """Run the attacks named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(ATTACKS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--amount", type=int, help="how much of it; by default the long form")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as models:
        os.environ.setdefault("PASSAGE_MODELS", str(Path(models)))
        for name in given.names or ATTACKS:
            attack = importlib.import_module(f"tests.torture.{name}")
            started = time.monotonic()
            for line in attack.run(given.amount or attack.LONG, given.seed):
                print(f"{name}: {line}", flush=True)
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
