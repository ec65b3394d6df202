"""Files that can be rebuilt are either what was written or nothing at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import files
from index.files import write_atomically
from index.search import array_file
from index.search.array_file import Arrays, read_derived, write_derived

ORIGIN = {"model": "bag-of-words@1", "generation": 3, "collection": "shared"}
ARRAYS = {"bytes": np.arange(256, dtype=np.uint8), "empty": np.zeros(0), "few": np.arange(3)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("derived") / "folder" / "vectors"
    write_derived(path, ORIGIN, ARRAYS)
    return path


def same(read: object, arrays: Arrays) -> bool:
    """Say whether what was read are these arrays, kind for kind."""
    assert isinstance(read, tuple)
    assert set(read[1]) == set(arrays)
    pairs = [(read[1][name], array) for name, array in arrays.items()]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def read_back(whole: Path, data: bytes) -> object:
    damaged = whole.with_name("damaged")
    damaged.write_bytes(data)
    return read_derived(damaged)


kinds = st.sampled_from([np.uint8, np.int32, np.int64, np.float32])
arrays = st.dictionaries(st.text("ab", max_size=2), st.tuples(kinds, st.integers(0, 70)))


@settings(max_examples=30)
@given(layout=arrays, text=st.text(st.characters(exclude_categories=["Cs"])), mapped=st.booleans())
def test_what_was_written_is_read(
    whole: Path, layout: dict[str, tuple[type, int]], text: str, mapped: bool
) -> None:
    written = {name: np.arange(count).astype(kind) for name, (kind, count) in layout.items()}
    path = whole.with_name("another")
    write_derived(path, {"model": text, "passages": len(written)}, written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(array_file, "MAPPED", 0 if mapped else 2**20)
        read = read_derived(path)
    assert read is not None
    assert read[0] == {"model": text, "passages": len(written)}
    assert same(read, written)


def test_a_large_file_stays_what_it_was_while_it_is_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_file, "MAPPED", 0)
    path = tmp_path / "terms"
    write_derived(path, ORIGIN, ARRAYS)
    read = read_derived(path)
    write_derived(path, ORIGIN, {"bytes": np.zeros(256, np.uint8)})
    assert same(read, ARRAYS)


def test_a_missing_file_and_a_folder_read_as_nothing(tmp_path: Path) -> None:
    assert read_derived(tmp_path / "missing") is None
    assert read_derived(tmp_path) is None


def test_a_file_cut_off_anywhere_reads_as_nothing(whole: Path) -> None:
    data = whole.read_bytes()
    for length in range(0, len(data), 5):
        assert read_back(whole, data[:length]) is None


def test_a_file_with_any_bit_flipped_reads_as_nothing(whole: Path) -> None:
    data = whole.read_bytes()
    for position in range(len(data)):
        flipped = data[position] ^ (1 << position % 8)
        read = read_back(whole, data[:position] + bytes([flipped]) + data[position + 1 :])
        assert read is None, f"the flipped byte at {position} was not noticed"


@given(st.binary())
def test_a_file_of_something_else_reads_as_nothing(whole: Path, data: bytes) -> None:
    assert read_back(whole, data) is None


@pytest.mark.parametrize("head", ["[]", "3", "null", '{"origin": 3, "sha256": "x"}', '"origin"'])
def test_a_head_of_another_shape_reads_as_nothing(whole: Path, head: str) -> None:
    assert read_back(whole, head.encode() + b"\n" + bytes(range(256))) is None


def test_writing_again_replaces_the_file_and_leaves_no_other(tmp_path: Path) -> None:
    for written in ({"old": np.zeros(9)}, ARRAYS):
        write_derived(tmp_path / "terms", ORIGIN, written)
    assert same(read_derived(tmp_path / "terms"), ARRAYS)
    assert [path.name for path in tmp_path.iterdir()] == ["terms"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "terms"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
