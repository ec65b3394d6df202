"""Parsing where it can be killed: in a process of its own, with limits on time and memory.

Parsers of hostile files loop, leak and crash.  What they do here ends with a sentence about one
source, and the next one finds a fresh process.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from index.errors import ExtractionError
from index.extract.limits import Limits
from index.extract.sources import contained, is_url, too_much_memory
from index.language.characters import shown
from index.records import Article, Page, Section

OUT_OF_MEMORY = 77
"""The exit code of a worker that had too little memory even to say so."""

_ROOT = Path(__file__).parents[2]
_WORKER = (sys.executable, "-P", "-B", "-m", "index.extract.worker")
_KEPT = re.compile(  # of the environment: what Python needs, and nothing that may be secret
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|PYTHON\w*|LD_LIBRARY_PATH|SYSTEMROOT|USERPROFILE|APPDATA"
)
_STOPPED = "was not read, because I am being stopped: add it again."
_OVER = 5.0  # seconds for a process that was told to end


class Confined:
    """Extracts sources in a process that is kept for the next.  May be used from any thread.

    Whoever takes the articles of a dump one by one may take their time, and be the same that
    takes those of another: a source that is read meanwhile gets a process of its own.
    """

    def __init__(self, limits: Limits, worker: Sequence[str] = _WORKER) -> None:
        """Start nothing yet; ``worker`` is the command of the process."""
        self._limits = limits
        self._command = [*worker, json.dumps(limits.for_parsing())]
        self._lock = threading.Lock()
        self._idle: _Process | None = None
        self._busy: set[_Process] = set()
        self._closed = False

    def extract(self, source: str) -> Iterator[Article | ExtractionError]:
        """The articles of a file or a URL, and an error for each part that can't be read."""
        if is_url(source):
            yield from contained(self._downloaded, source, self._limits)
        else:
            yield from self._asked(source, {"path": source}, b"")

    def extract_bytes(
        self,
        data: bytes,
        *,
        name: str,
        content_type: str | None = None,
        url: str | None = None,
        source: str | None = None,
    ) -> Iterator[Article | ExtractionError]:
        """The articles in an attachment or a download called ``name``."""
        about = {"name": name, "content_type": content_type, "url": url, "source": source}
        yield from self._asked(name, about, data)

    def close(self) -> None:
        """End the processes, in the midst of a source too; what comes after is refused."""
        with self._lock:
            self._closed = True
            processes = [*self._busy, *([self._idle] if self._idle else [])]
            self._idle = None
        for process in processes:
            process.kill()

    def _downloaded(self, source: str, limits: Limits) -> Iterator[Article | ExtractionError]:
        from index.extract.fetch import fetch

        got = fetch(source, limits=limits)
        yield from self.extract_bytes(
            got.data, name=got.url, content_type=got.content_type, url=got.url, source=source
        )

    def _asked(
        self, name: str, about: Mapping[str, str | None], data: bytes
    ) -> Iterator[Article | ExtractionError]:
        try:
            process = self._taken()
        except OSError as error:
            yield ExtractionError(
                f"{shown(name)} was not read, because no process can be started "
                f"({error.strerror}): try again when this machine has less to do."
            )
            return
        if process is None:
            yield ExtractionError(f"{shown(name)} {_STOPPED}")
            return
        # One is held back, so that the process is free before its last article is dealt with.
        held: Article | ExtractionError | None = None
        try:
            for item in process.ask(about, data, self._limits.parse_seconds):
                if held is not None:
                    yield held
                held = item
        except _Ended as ended:
            if held is not None:
                yield held
            held = self._failure(name, ended)
        finally:
            self._put_back(process)
        if held is not None:
            yield held

    def _taken(self) -> _Process | None:
        """Return a process that nobody else asks, or None after the end."""
        with self._lock:
            if self._closed:
                return None
            process, self._idle = self._idle, None
            if process is None or not process.is_alive():
                process = _Process(self._command)
            self._busy.add(process)
            return process

    def _put_back(self, process: _Process) -> None:
        """Keep a process for the next source, unless it died, is worn, is asked, or one is kept."""
        with self._lock:
            self._busy.discard(process)
            if process.idle and self._idle is None and not self._closed:
                self._idle = process
                return
        process.kill()

    def _failure(self, name: str, ended: _Ended) -> ExtractionError:
        name = shown(name)
        if self._closed:
            return ExtractionError(f"{name} {_STOPPED}")
        if ended.late:
            return ExtractionError(
                f"{name} takes longer than {self._limits.parse_seconds:g} seconds to read: split "
                "it into smaller files, or copy its text and add that."
            )
        if ended.code == OUT_OF_MEMORY:
            return too_much_memory(name, self._limits)
        return ExtractionError(
            f"{name} can't be read, because its content made the reader crash: save it in another "
            "format and add that."
        )


class _Ended(Exception):  # noqa: N818 - told to people as a sentence about their source
    """The process has ended in the midst of a source; ``late``: it was killed for its time."""

    def __init__(self, code: int, *, late: bool) -> None:
        self.code = code
        self.late = late


class _Process:
    """One worker, and the conversation with it."""

    def __init__(self, command: Sequence[str]) -> None:
        kept = {key: value for key, value in os.environ.items() if _KEPT.fullmatch(key)}
        path = os.pathsep.join(filter(None, (str(_ROOT), kept.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env={**kept, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        self.idle = True
        self.kill = weakref.finalize(self, _end, self._process)

    def is_alive(self) -> bool:
        """Say whether it can be asked."""
        return self._process.poll() is None

    def ask(
        self, about: Mapping[str, str | None], data: bytes, seconds: float
    ) -> Iterator[Article | ExtractionError]:
        """Hand over a source and yield what it holds.  Raises _Ended."""
        self.idle = False
        self._send(json.dumps({**about, "bytes": len(data)}).encode() + b"\n" + data, seconds)
        while not (record := self._receive(seconds)).get("end"):
            yield ExtractionError(record["error"]) if "error" in record else _article(record)
        self.idle = not record["worn"]

    def _send(self, request: bytes, seconds: float) -> None:
        with self._deadline(seconds) as late:
            try:
                self._requests.write(request)
                self._requests.flush()
            except (OSError, ValueError) as error:
                raise self._ended(late) from error

    def _receive(self, seconds: float) -> dict[str, Any]:
        with self._deadline(seconds) as late:
            try:
                record = json.loads(self._answers.readline())
            except ValueError as error:  # nothing, half a line, or a pipe that was closed
                raise self._ended(late) from error
        return dict(record)

    def _ended(self, late: threading.Event) -> _Ended:
        self._process.kill()
        return _Ended(self._process.wait(_OVER), late=late.is_set())

    def _deadline(self, seconds: float) -> _Deadline:
        return _Deadline(self._process, seconds)


class _Deadline:
    """Kills a process unless the block is left in time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._late = threading.Event()
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True

    def __enter__(self) -> threading.Event:
        self._timer.start()
        return self._late

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def _strike(self) -> None:
        self._late.set()
        self._process.kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(_OVER)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was still to be sent has no receiver
                continue


def _article(record: dict[str, Any]) -> Article:
    fields = record["article"]
    return Article(
        **{
            **fields,
            "sections": tuple(Section(**section) for section in fields["sections"]),
            "pages": tuple(Page(**page) for page in fields["pages"]),
            "warnings": tuple(fields["warnings"]),
            "empty_pages": tuple(fields["empty_pages"]),
        }
    )
