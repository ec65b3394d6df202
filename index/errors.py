"""What can go wrong, as types.

PassageError                 anything that has one plain sentence for the person who asked
├── SettingsError            a setting is missing, malformed or contradicts another
├── ModelError               an embedding model can't be found, trusted or loaded
├── ExtractionError          a file or page can't be turned into an article
│   └── FetchError           a URL can't be fetched
├── LibraryError             the library can't be opened, read or written
│   └── UnwritableError      there is no room for a change, or the folder is read-only
├── UnknownArticleError      no article of that name in the collection
├── AmbiguousTitleError      several articles of that title in the collection
└── EvaluationError          labelled passages or questions are malformed

The message of each is a whole sentence that says what was wrong, where, and what to do.
"""

from __future__ import annotations


class PassageError(Exception):
    """An expected failure; ``str(error)`` is the sentence to show."""


class SettingsError(PassageError):
    """A setting is missing, malformed or contradicts another."""


class ModelError(PassageError):
    """An embedding model can't be found, trusted or loaded."""


class ExtractionError(PassageError):
    """A file or page can't be turned into an article."""


class FetchError(ExtractionError):
    """A URL can't be fetched."""


class LibraryError(PassageError):
    """The library can't be opened, read or written."""


class UnwritableError(LibraryError):
    """There is no room for a change, or the folder is read-only: what is there can be read."""


class UnknownArticleError(PassageError):
    """No article of that name in the collection."""


class AmbiguousTitleError(PassageError):
    """Several articles of that title in the collection."""


class EvaluationError(PassageError):
    """Labelled passages or questions are malformed."""
