"""Changes: generations, and the passages that came and went."""

from __future__ import annotations

from index.store.changes import Changes
from index.store.library import Library
from tests.support.stored_articles import store


def test_every_change_raises_the_generation_of_its_collection_alone(library: Library) -> None:
    assert library.changes.generation("shared") == 0
    store(library, "a", "One.")
    store(library, "a", "Two.")
    library.remove("shared", "a")
    assert (library.changes.generation("shared"), library.changes.generation("user:1")) == (3, 0)


def test_changes_say_which_passages_came_and_went_since(library: Library) -> None:
    one = store(library, "a", "One.", "Two.")
    two = store(library, "b", "Three.")
    new = store(library, "a", "Four.")
    assert library.changes.since("shared", 0) == Changes(3, (*two, *new), tuple(one))
    assert library.changes.since("shared", 2) == Changes(3, tuple(new), tuple(one))
    assert library.changes.since("shared", 3) == Changes(3, (), ())
    assert library.changes.since("user:1", 0) == Changes(0, (), ())
