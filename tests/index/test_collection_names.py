"""Names of collections, and the folders they stand for."""

from __future__ import annotations

import pytest

from index.collection_names import folder_name


@pytest.mark.parametrize(
    ("collection", "folder"),
    [("shared", "shared"), ("guild:12", "guild%3a12"), ("../a/b", "%2e%2e%2fa%2fb"), ("é", "%e9")],
)
def test_every_collection_has_a_folder_name_of_its_own(collection: str, folder: str) -> None:
    assert folder_name(collection) == folder
