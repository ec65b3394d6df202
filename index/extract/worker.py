"""The process that parses, which may be killed at any moment: ``python -m index.extract.worker``.

Reads requests from its standard input, a line of JSON each and the bytes it announces, and writes
what becomes of each article as a line of JSON.  It can't take more memory than it was given,
writes no files, and ends by itself where nobody is left to kill it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from index.errors import ExtractionError
from index.extract.confined import OUT_OF_MEMORY
from index.extract.limits import Limits
from index.extract.sources import extract, extract_bytes
from index.records import Article

try:
    import resource
except ImportError:  # Windows: there only time is limited, by who started this
    resource = None  # type: ignore[assignment]

_GRACE = 10  # seconds for who started this to kill it first
_WORN = 0.5  # of the memory allowed; one that ever held more is replaced


def main() -> None:
    """Serve until the input ends, or more memory was needed than is good."""
    try:
        _serve()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _serve() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    _confine(limits.max_memory)
    requests, answers = sys.stdin.buffer, _own_output()
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request.pop("bytes"))
        for item in _watched(_items(request, data, limits), limits.parse_seconds):
            _say(answers, _record_of(item))
        worn = _most_held() > _WORN * limits.max_memory
        _say(answers, {"end": True, "worn": worn})
        if worn:
            return


def _confine(memory: int) -> None:
    if resource is None:
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(kind, (most, most))


def _own_output() -> IO[bytes]:
    """Return standard output, which from now on is nobody else's: libraries may print."""
    mine = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(mine, "wb")


def _items(
    request: dict[str, Any], data: bytes, limits: Limits
) -> Iterator[Article | ExtractionError]:
    if "path" in request:
        return extract(request["path"], limits=limits)
    return extract_bytes(data, limits=limits, **request)


def _watched(
    items: Iterator[Article | ExtractionError], seconds: float
) -> Iterator[Article | ExtractionError]:
    """Yield what comes; where the next takes far too long, the system ends this process.

    Not while what came is being written: its reader may take its time.
    """
    alarm = getattr(signal, "alarm", lambda _seconds: None)
    while True:
        alarm(int(seconds) + _GRACE)
        item = next(items, None)
        alarm(0)
        if item is None:
            return
        yield item


def _record_of(item: Article | ExtractionError) -> dict[str, Any]:
    return {"error": str(item)} if isinstance(item, ExtractionError) else {"article": asdict(item)}


def _say(answers: IO[bytes], record: dict[str, Any]) -> None:
    answers.write(json.dumps(record).encode() + b"\n")
    answers.flush()


def _most_held() -> int:
    """Return the most bytes of memory that this process has held."""
    with suppress(OSError), Path("/proc/self/status").open(encoding="ascii") as status:
        # getrusage counts on Linux what the process held that started this one, too.
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    if resource is None:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
