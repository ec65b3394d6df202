"""``python -m bot`` is ``passage run``."""

from __future__ import annotations

import sys

from bot.cli.app import main

sys.argv = [sys.argv[0], "run"]
main()
