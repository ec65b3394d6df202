"""The vectors of passages: those stored, and those that must be computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.digests import text_digest
from index.models.embedder import Embedder
from index.store.library import Library

ProgressCallback = Callable[[int, int], None]
"""Called with the number of passages done and the number of all."""


_BATCH = 64  # passages embedded between two calls of ``progress``


def embedded(
    library: Library,
    embedder: Embedder,
    texts: Sequence[str],
    progress: ProgressCallback | None = None,
    collection: str | None = None,
    *,
    stored: bool = False,
) -> NDArray[np.float32]:
    """Return the vectors of passages, shape (texts, dimension).

    Only those that the library has no vector of are embedded, and their vectors stored there.
    ``collection`` is the collection that the passages are to be added to; ``stored`` says that
    they are in the library already, or were.  ``progress`` counts embedded passages.
    """
    digests = [text_digest(text) for text in texts]
    vectors = library.vectors.of_texts(embedder.identity, list(dict.fromkeys(digests)))
    missing = {d: t for d, t in zip(digests, texts, strict=True) if d not in vectors}
    # Neighbours in length share a batch, so that little of it is padding.
    queue = sorted(missing.items(), key=lambda item: len(item[1]))
    for start in range(0, len(queue), _BATCH):
        batch = queue[start : start + _BATCH]
        fresh = embedder.embed_passages([text for _, text in batch])
        rows_by_digest = {digest: row for (digest, _), row in zip(batch, fresh, strict=True)}
        library.vectors.store(embedder.identity, rows_by_digest, collection, stored=stored)
        vectors.update(rows_by_digest)
        if progress is not None:
            progress(start + len(batch), len(queue))
    rows = [vectors[digest] for digest in digests]
    return np.stack(rows) if rows else np.zeros((0, embedder.dimension), np.float32)
