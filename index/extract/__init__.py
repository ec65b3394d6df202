"""Bytes, a file, a folder or a URL to articles.

``expand`` names the single sources behind what a person gave; ``extract`` and
``extract_bytes`` turn a file or some bytes into articles, with an error in place of each part that
can't be read.  The readers and their libraries are imported when first needed.

``Confined`` does the same where it can be killed, and is what everything that comes from outside
goes through.
"""

from __future__ import annotations

from index.extract.addresses import AllowedHosts
from index.extract.confined import Confined
from index.extract.limits import Limits
from index.extract.sources import expand, extract, extract_bytes, is_url

__all__ = ["AllowedHosts", "Confined", "Limits", "expand", "extract", "extract_bytes", "is_url"]
