"""Adding articles: what is added, replaced, skipped or refused, and what is embedded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from index import ingest as ingest_module
from index.errors import ExtractionError
from index.extract import extract
from index.ingest import Added, Ingest, Report
from index.models.embedder import Vectors
from index.records import Article, Section
from index.store.library import Library
from tests.support.fakes import BagOfWords, made


@pytest.fixture
def ingest(library: Library, embedder: BagOfWords) -> Ingest:
    return Ingest(library, embedder, "shared")


def paragraphs(*sentences: str) -> str:
    """Return paragraphs, one passage each: too long to be joined."""
    return "\n\n".join(" ".join([sentence] * 60) for sentence in sentences)


def test_an_article_is_added_with_its_passages(ingest: Ingest, library: Library) -> None:
    text = paragraphs("Ankara signed one.", "Moscow signed two.")
    article = Article("a.txt", "Talks", text, id="a", warnings=("odd",), empty_pages=(2,))
    assert ingest.add(article) == Added("added", "a", "Talks", 2, (2,), ("odd",))
    stored = library.passages_of("shared", "a")
    assert "\n\n".join(passage.text for passage in stored) == text
    assert [passage.text for passage in stored] == [text[p.start : p.end] for p in stored]


def test_the_same_article_again_changes_nothing(
    ingest: Ingest, library: Library, embedder: BagOfWords
) -> None:
    ingest.add(made("a", "One."))
    embedder.embedded.clear()
    assert ingest.add(made("a", "One.")) == Added("unchanged", "a", "a")
    assert (library.changes.generation("shared"), embedder.embedded) == (1, [])


def test_a_changed_article_replaces_the_old_and_embeds_only_what_is_new(
    ingest: Ingest, library: Library, embedder: BagOfWords
) -> None:
    ingest.add(made("a", paragraphs("Opening words.", "Second part.", "Third part.")))
    embedder.embedded.clear()
    text = paragraphs("Opening words.", "Another part.", "Third part.")
    assert ingest.add(made("a", text)).outcome == "replaced"
    assert [t.splitlines()[-1][:13] for t in embedder.embedded] == ["Another part."]
    assert "\n\n".join(p.text for p in library.passages_of("shared", "a")) == text


def test_a_changed_title_is_a_change(ingest: Ingest, library: Library) -> None:
    ingest.add(made("a", "One.", "Old"))
    assert ingest.add(made("a", "One.", "New")).outcome == "replaced"
    assert [p.title for p in library.passages_of("shared", "a")] == ["New"]


def test_the_same_text_under_another_id_is_skipped_and_its_twin_named(
    ingest: Ingest, library: Library, embedder: BagOfWords
) -> None:
    ingest.add(made("a", "One."))
    assert ingest.add(made("b", "One.")) == Added("duplicate", "b", "b", twin="a")
    assert [entry.id for entry in library.listing.entries("shared")] == ["a"]
    assert Ingest(library, embedder, "user:1").add(made("b", "One.")).outcome == "added"


def test_each_passage_is_embedded_with_title_section_and_byline(
    ingest: Ingest, embedder: BagOfWords
) -> None:
    text = "Opening.\n\nTrade\n\nGas is sold."
    article = Article(
        "a.txt", "Talks", text, "a", "Ann Bell", published="2017-09-28",
        sections=(Section("Trade", 17, len(text)),),
    )  # fmt: skip
    ingest.add(article)
    assert set(embedder.embedded) == {
        "Talks\nby Ann Bell\npublished on 28 September 2017\nOpening.",
        "Talks\nTrade\nGas is sold.",
    }


def test_nothing_embedded_passes_the_models_room_even_with_a_long_title(
    library: Library,
) -> None:
    model = BagOfWords(passage_tokens=100)
    text = " ".join(f"word{n}" for n in range(500))
    Ingest(library, model, "shared").add(made("a", text, "A title of words " * 50))
    lengths = model.count_tokens(model.embedded)
    assert 40 < max(lengths) <= 100
    kept = [word for p in library.passages_of("shared", "a") for word in p.text.split()]
    assert kept == text.split()


def test_a_title_that_is_a_text_itself_is_cut(library: Library) -> None:
    counted = 0

    class Counts(BagOfWords):
        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            nonlocal counted
            counted += sum(map(len, texts))
            return super().count_tokens(texts)

    text = " ".join(f"word{n}" for n in range(20_000))
    section = Section("Part of it " * 50_000, 0, len(text))
    article = Article("a.txt", "A title " * 50_000, text, "a", sections=(section,))
    Ingest(library, Counts(), "shared").add(article)
    passages = library.passages_of("shared", "a")
    assert len(passages) > 50
    assert {len(p.title) for p in passages} == {len(p.section or "") for p in passages} == {1_000}
    assert counted < 40 * len(text)


def test_steps_tell_of_the_title_and_how_far_it_is(ingest: Ingest) -> None:
    told: list[tuple[str, int, int]] = []
    text = paragraphs("One part.", "Another part.")
    ingest.add(made("a", text, "Talks"), lambda *step: told.append(step))
    assert told == [("Talks", 2, 2)]


class Failing(BagOfWords):
    """A model that breaks off, as a person does who presses Ctrl-C."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if any("poison" in text for text in texts):
            raise KeyboardInterrupt
        return super().embed_passages(texts)


def test_an_interruption_leaves_the_old_article_whole(library: Library) -> None:
    ingest = Ingest(library, Failing(), "shared")
    ingest.add(made("a", "One."))
    with pytest.raises(KeyboardInterrupt):
        ingest.add(made("a", "One, with poison."))
    assert [p.text for p in library.passages_of("shared", "a")] == ["One."]
    assert library.changes.generation("shared") == 1


def test_lone_surrogates_are_replaced_and_offsets_stay(ingest: Ingest, library: Library) -> None:
    broken = Article(
        "a\udc80.txt", "T\ud800", "One \ud83d two. End.", author="A\udfff", url="https://x.org/\ud800",
        sections=(Section("Part \ud800", 0, 15),), published="2017-09-28",
    )  # fmt: skip
    added = ingest.add(broken)
    (passage,) = library.passages_of("shared", added.id)
    assert passage.text == "One \ufffd two. End."
    assert (passage.title, passage.author, passage.section) == ("T\ufffd", "A\ufffd", "Part \ufffd")
    assert ingest.add(broken).outcome == "unchanged"


def test_an_article_without_words_is_stored_without_passages(
    ingest: Ingest, library: Library
) -> None:
    assert ingest.add(made("a", " \n ")) == Added("added", "a", "a", 0)
    assert library.passages_of("shared", "a") == []


def test_a_bad_source_never_stops_the_rest(
    ingest: Ingest, library: Library, tmp_path: Path
) -> None:
    good, empty, other = (tmp_path / name for name in ("good.txt", "empty.txt", "other.txt"))
    good.write_text("Ankara signed a treaty on Thursday.")
    empty.write_text("")
    other.write_text("Moscow sells gas to Turkey.")
    sources = [str(p) for p in (good, empty, tmp_path / "missing.txt", other)]
    became = list(ingest.add_sources(sources, extract))
    assert [isinstance(item, ExtractionError) for item in became] == [False, True, True, False]
    assert str(empty) in str(became[1])
    origins = {entry.origin for entry in library.listing.entries("shared")}
    assert origins == {str(good), str(other)}


def test_a_report_counts_what_became_of_everything() -> None:
    items = [
        Added("added", "a", "A", 3),
        Added("replaced", "b", "B", 2),
        Added("unchanged", "c", "C"),
    ]
    report = Report(items, ["x.pdf is empty."])
    assert (report.passages, report.count("added"), report.count("duplicate")) == (5, 1, 0)


class Counting(BagOfWords):
    """Counts how many texts go through it together."""

    def __init__(self) -> None:
        super().__init__()
        self.together: list[int] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.together.append(len(texts))
        return super().embed_passages(texts)


def test_short_articles_are_embedded_together(library: Library) -> None:
    embedder = Counting()
    articles = [made(f"a{number}", f"Word{number} was signed.") for number in range(100)]
    became = list(Ingest(library, embedder, "shared").add_all(articles))
    assert [item.id for item in became if isinstance(item, Added)] == [a.id for a in articles]
    assert embedder.together == [64, 36]


def test_a_long_article_waits_for_nobody(library: Library) -> None:
    sentences = [f"Part{number} of it." for number in range(70)]
    items = Ingest(library, Counting(), "shared").add_all(
        iter([made("long", paragraphs(*sentences)), made("next", "One.")])
    )
    first = next(items)
    assert isinstance(first, Added)
    assert (first.id, library.digest_of("shared", "next")) == ("long", None)


def test_twins_and_changes_within_one_batch_are_told_apart(
    ingest: Ingest, library: Library, embedder: BagOfWords
) -> None:
    articles = [
        made("a", "Ankara signed."),
        made("b", "Ankara signed.", "Another title"),
        made("c", "Moscow signed."),
        made("c", "Moscow signed twice."),
        made("a", "Ankara signed."),
    ]
    became = [item for item in ingest.add_all(articles) if isinstance(item, Added)]
    assert [item.outcome for item in became] == [
        "added", "duplicate", "added", "replaced", "unchanged",
    ]  # fmt: skip
    assert len(embedder.embedded) == 3
    assert {entry.id for entry in library.listing.entries("shared")} == {"a", "c"}


def test_after_a_source_that_took_long_nobody_waits(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_text(f"Word{number} was signed.")
    seen = []
    for long in (10.0, -1.0):
        monkeypatch.setattr(ingest_module, "_SLOW", long)
        steps: list[str] = []
        adding = Ingest(library, BagOfWords(identity=f"words@{long}"), f"collection {long}")
        step = lambda title, done, total, steps=steps: steps.append(f"{title} {done}/{total}")  # noqa: E731
        assert len(list(adding.add_sources(map(str, paths), extract, step))) == 3
        seen.append(steps)
    assert seen == [["0 and 2 more 3/3"], ["0 1/1", "1 1/1", "2 1/1"]]


class Forgetful(BagOfWords):
    """A model on a machine that has memory for so many characters at once."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if sum(map(len, texts)) > 1_000:
            raise MemoryError
        return super().embed_passages(texts)


def test_what_is_too_large_for_the_machine_is_named_and_the_rest_is_added(
    library: Library,
) -> None:
    huge = made("huge", " ".join(f"word{n}" for n in range(200)), "The huge one")
    small = [made(f"small {n}", f"Small article number {n}. " * 12) for n in range(4)]
    became = list(Ingest(library, Forgetful(), "shared").add_all([*small[:2], huge, *small[2:]]))
    told = [str(item) for item in became if isinstance(item, ExtractionError)]
    assert told == [
        "The huge one takes more memory than this machine has: split it into smaller articles."
    ]
    assert {entry.id for entry in library.listing.entries("shared")} == {
        article.id for article in small
    }
    with pytest.raises(ExtractionError, match="takes more memory"):
        Ingest(library, Forgetful(), "shared").add(huge)
    assert library.check() == []


def test_what_was_embedded_before_a_stop_is_used_again_or_erased(
    library: Library, embedder: BagOfWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(BaseException):
        """The end of the process, between the vectors and their article."""

    def stop(*_: object) -> None:
        raise Stopped

    def vectors() -> int:
        return int(library.database.read("SELECT count(*) FROM vectors")[0][0])

    def add_and_stop(collection: str) -> None:
        with monkeypatch.context() as killed:
            killed.setattr(library, "store", stop)
            with pytest.raises(Stopped):
                Ingest(library, embedder, collection).add(article)

    article = made("a", "It opened in 1932.")
    add_and_stop("guild:1")
    add_and_stop("guild:2")
    assert (len(embedder.embedded), vectors()) == (1, 1)
    Ingest(library, embedder, "guild:1").add(article)
    assert len(embedder.embedded) == 1
    library.erase_collection("guild:1")
    add_and_stop("guild:2")
    library.erase_collection("guild:2")
    assert vectors() == 0
