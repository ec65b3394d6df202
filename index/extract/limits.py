"""How much a single source may cost before it is refused, and where it may lie."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.extract.addresses import AllowedHosts


@dataclass(frozen=True, slots=True)
class Limits:
    """What one source may weigh and how long one download may take.

    ``max_bytes`` holds for a file, a download or an attachment (as sent and as unpacked) and one
    line of a dump; a dump on our own disk may be longer, because it is read line by line.
    ``parse_seconds`` is what reading one article may take, and ``max_memory`` the bytes that the
    process which does it may ask the system for.
    """

    max_bytes: int = 25_000_000
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    total_seconds: float = 60.0
    max_redirects: int = 5
    parse_seconds: float = 120.0
    max_memory: int = 1_000_000_000
    allowed_hosts: AllowedHosts = field(default_factory=AllowedHosts)
    """What may be fetched from though it is not on the public internet."""

    def for_parsing(self) -> dict[str, float]:
        """What the process that parses has to know."""
        return {
            "max_bytes": self.max_bytes,
            "parse_seconds": self.parse_seconds,
            "max_memory": self.max_memory,
        }

    def megabytes(self) -> str:
        """The size limit as a person would write it."""
        return f"{self.max_bytes / 1_000_000:.3g} MB"
