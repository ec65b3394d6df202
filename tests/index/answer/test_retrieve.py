"""Which passages come first, and which are never seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from index.answer import ranking
from index.answer.question import SearchQuery, prepare
from index.answer.ranking import without_repeats
from index.answer.retrieve import Retrieval, retrieve
from index.errors import LibraryError
from index.records import Passage, Ranked
from index.search.collection import CollectionIndex
from index.store.library import Library
from tests.support.fakes import BagOfWords, drafts, made

Store = Callable[..., None]
Ask = Callable[..., Retrieval]


@pytest.fixture
def embedder() -> BagOfWords:
    return BagOfWords(synonyms={"costs": "price", "automobile": "car"}, unknown=["missle"])


@pytest.fixture
def store(library: Library) -> Store:
    def store(name: str, *texts: str, collection: str = "shared", context: str = "") -> None:
        text, pieces = drafts(*texts, context=context)
        library.store(collection, made(name, text), pieces)

    return store


@pytest.fixture
def ask(library: Library, embedder: BagOfWords, tmp_path: Path) -> Ask:
    def ask(question: str, *collections: str, k: int = 10) -> Retrieval:
        names = collections or ("shared",)
        indexes = [CollectionIndex(library, embedder, name, tmp_path / "index") for name in names]
        return retrieve(prepare([SearchQuery(question)], embedder)[0], indexes, library, k)

    return ask


def texts(retrieval: Retrieval) -> list[str]:
    return [ranked.passage.text for ranked in retrieval.ranked]


@pytest.mark.parametrize("question", ["S-400", "the S400", "What is the s-400?"])
def test_an_identifier_is_found_however_it_is_written(
    store: Store, ask: Ask, question: str
) -> None:
    store("a", "Gas is sold.", "The S-400 is a missile.", "The 500 is a car.")
    assert texts(ask(question))[0] == "The S-400 is a missile."


def test_a_paraphrase_without_a_common_word_is_found_by_meaning(store: Store, ask: Ask) -> None:
    store("a", "Gas flows north.", "Price of every car.", "Missiles fly.")
    best = ask("automobile costs").ranked[0]
    assert (best.passage.text, best.bm25, best.coverage) == ("Price of every car.", 0.0, 0.0)
    assert best.score == best.dense == pytest.approx(2 / (2 * 4) ** 0.5)


def test_the_score_is_the_cosine_and_what_the_words_add(store: Store, ask: Ask) -> None:
    store("a", "Ankara signed a treaty.", "Moscow sells gas.", "Ankara buys gas.")
    ranked = ask("Ankara treaty").ranked
    nearest, strongest = max(r.dense for r in ranked), max(r.strength for r in ranked)
    for r in ranked:
        weight = ranking.FUSION * strongest / nearest
        assert r.score == pytest.approx(r.dense + weight * r.strength + ranking.PHRASE * r.phrase)
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)


def test_a_misspelt_word_still_finds_its_passage(store: Store, ask: Ask) -> None:
    store("a", "Gas is sold.", "The missile flew.")
    retrieval = ask("missle")
    assert texts(retrieval)[0] == "The missile flew."
    assert retrieval.unknown == ()


def test_a_word_the_model_knows_is_not_taken_for_another(store: Store, ask: Ask) -> None:
    store("a", "The war in Iraq.", "Gas is sold.")
    retrieval = ask("Iran")
    assert retrieval.unknown == ("iran",)
    assert [ranked.bm25 for ranked in retrieval.ranked] == [0.0, 0.0]


def test_context_helps_to_find_a_passage_but_is_not_shown(store: Store, ask: Ask) -> None:
    store("a", "It was signed.", context="The zeppelin treaty")
    store("b", "It was sold.", context="The gas contract")
    best = ask("zeppelin").ranked[0].passage
    assert (best.article_id, best.text) == ("a", "It was signed.")


def test_terms_are_those_of_a_passage_and_its_context(store: Store, ask: Ask) -> None:
    store("a", "Ankara signed a treaty.", context="Talks")
    retrieval = ask("Did Ankara sign the gas treaty with zeppelins?")
    assert retrieval.terms[retrieval.ranked[0].passage.id] == {"talk", "ankara", "sign", "treati"}
    assert retrieval.unknown == ("gas", "zeppelin")


def test_near_duplicates_are_moved_behind_the_others(store: Store, ask: Ask) -> None:
    original = "Ankara and Moscow signed a treaty about gas, missiles, tomatoes and tourists."
    store("a", original)
    store("b", f"{original} Again.")
    store("c", "The gas treaty with tomatoes failed.")
    assert [r.passage.article_id for r in ask("treaty gas missiles tourists").ranked] == [
        "a",
        "c",
        "b",
    ]


def test_what_differs_is_found_behind_any_number_of_repeats(store: Store, ask: Ask) -> None:
    for number in range(9):
        store(f"copy {number}", "Ankara and Moscow signed a treaty about gas and missiles.")
    store("other", "The gas treaty with tomatoes failed.")
    found = ask("treaty gas missiles", k=2).ranked
    assert [r.passage.article_id for r in found] == ["copy 0", "other"]


def test_a_near_duplicate_with_more_of_the_question_stays_in_place() -> None:
    passages = [Passage(i, "a", "A", "x", 0, 1, ((0, 1),)) for i in range(3)]
    shares = (0.5, 0.75, 0.1)
    ranked = [
        Ranked(passage, 1.0 - passage.id / 10, 0.5, 1.0, 0.5, share, 0.0)
        for passage, share in zip(passages, shares, strict=True)
    ]
    common = frozenset("abcdefghijklmnopqrst")
    terms = {0: common, 1: common | {"word"}, 2: frozenset("xyz")}
    assert without_repeats(ranked, terms.__getitem__, 3) == (ranked, [])
    swapped = [ranked[1], ranked[0], ranked[2]]
    assert without_repeats(swapped, terms.__getitem__, 3) == ([ranked[1], ranked[2]], [ranked[0]])
    assert without_repeats(swapped, terms.__getitem__, 1) == ([ranked[1]], [])


def test_as_many_as_asked_for_come_back_best_first(store: Store, ask: Ask) -> None:
    store("a", *(f"Treaty number {n}." for n in range(20)))
    assert len(ask("treaty", k=3).ranked) == 3
    assert texts(ask("treaty 7", k=1)) == ["Treaty number 7."]


def test_collections_that_are_not_named_are_never_seen(store: Store, ask: Ask) -> None:
    store("a", "The treaty of Ankara.", collection="user:1")
    store("b", "The treaty of Moscow.", collection="user:2")
    store("c", "The treaty of Sochi.")
    assert texts(ask("treaty of Moscow", "user:1")) == ["The treaty of Ankara."]
    assert ask("treaty of Moscow", "user:1").unknown == ("moscow",)
    assert ask("treaty", "user:3").ranked == ()
    both = ask("Ankara treaty", "user:1", "shared")
    assert sorted(texts(both)) == ["The treaty of Ankara.", "The treaty of Sochi."]
    assert both.unknown == ()


def test_equal_passages_come_in_the_order_of_their_articles_and_places(
    store: Store, ask: Ask
) -> None:
    for name in ("c", "a", "b"):
        store(name, f"Treaty {name * 3}.", f"Treaty {name * 4}.")
    found = [(r.passage.article_id, r.passage.start) for r in ask("treaty").ranked]
    assert found == [("a", 0), ("a", 13), ("b", 0), ("b", 13), ("c", 0), ("c", 13)]
    for k in (1, 3):
        few = [(r.passage.article_id, r.passage.start) for r in ask("treaty", k=k).ranked]
        assert few == found[:k]


class Vanishing(Library):
    """A library whose article is replaced just before its passages are fetched."""

    replacements: Sequence[str] = ()
    fetches = 0

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        self.fetches += 1
        assert self.fetches <= 20, "searched again and again without end"
        if self.replacements:
            text, pieces = drafts(self.replacements[0])
            self.replacements = self.replacements[1:]
            self.store("shared", made("a", text), pieces)
        return super().passages(ids)


@pytest.fixture
def library(tmp_path: Path) -> Vanishing:
    return Vanishing(tmp_path / "library.db")


def test_a_passage_that_vanishes_meanwhile_makes_it_search_again(
    store: Store, ask: Ask, library: Vanishing
) -> None:
    store("a", "The old treaty.")
    store("b", "Gas.")
    library.replacements = ["The newer treaty.", "The newest treaty."]
    assert texts(ask("treaty")) == ["The newest treaty.", "Gas."]
    assert library.fetches == 3


@pytest.mark.parametrize("lost", ["a passage", "an article"])
def test_an_index_that_does_not_fit_the_library_is_built_anew_and_else_the_library_is_damaged(
    library: Vanishing, embedder: BagOfWords, store: Store, tmp_path: Path,
    caplog: pytest.LogCaptureFixture, lost: str,
) -> None:  # fmt: skip
    store("a", "The old treaty.", "The new treaty.")
    store("b", "Gas.", collection="guild:1")
    indexes = [
        CollectionIndex(library, embedder, name, tmp_path / name) for name in ("shared", "guild:1")
    ]
    for index in indexes:
        index.refresh()
    with closing(sqlite3.connect(library.path)) as db, db:
        if lost == "a passage":
            db.execute("DELETE FROM passages WHERE text = 'The old treaty.'")
        else:
            db.execute("DELETE FROM articles WHERE id = 'a'")
    question = prepare([SearchQuery("treaty")], embedder)[0]
    if lost == "a passage":
        assert texts(retrieve(question, indexes, library, 3)) == ["The new treaty.", "Gas."]
        assert len(indexes[0]) == 1
    else:
        with pytest.raises(LibraryError, match="is damaged"):
            retrieve(question, indexes, library, 3)
    told = "the index of shared doesn't fit the library and is built anew"
    assert [record.message for record in caplog.records] == [told]


def test_naming_a_collection_twice_is_naming_it_once(store: Store, ask: Ask) -> None:
    store("a", "The treaty.")
    assert texts(ask("treaty", "shared", "shared")) == ["The treaty."]


def test_questions_together_are_prepared_as_each_alone(embedder: BagOfWords) -> None:
    first, second = prepare([SearchQuery("Iran treaty"), SearchQuery("Erdoğan")], embedder)
    assert (first.terms, second.terms) == (("iran", "treati"), ("erdogan",))
    assert first.is_word == {"iran": True, "treati": True}
    assert prepare([SearchQuery("missle")], embedder)[0].is_word == {"missl": False}
    assert second.vector.tolist() == prepare([SearchQuery("Erdoğan")], embedder)[0].vector.tolist()
    assert prepare([], embedder) == []


def test_ranked_says_how_a_passage_matches(store: Store, ask: Ask) -> None:
    store("a", "Ankara treaty.", "Moscow gas.")
    best, other = ask("Ankara treaty").ranked
    assert isinstance(best, Ranked)
    assert (best.coverage, best.phrase, best.dense) == pytest.approx((1.0, 1.0, 1.0))
    assert 0 < best.strength < 1
    assert (other.coverage, other.phrase, other.bm25, other.dense) == (0.0, 0.0, 0.0, 0.0)


def test_a_misspelt_word_is_embedded_as_the_passages_spell_it(
    library: Library, store: Store, tmp_path: Path
) -> None:
    model = BagOfWords(unknown=["pasword", "password"])
    store("faq", "Change the password in the settings.")
    index = CollectionIndex(library, model, "shared", tmp_path / "index")
    index.refresh()
    question = prepare([SearchQuery("Where to change my pasword?", [index])], model)[0]
    assert question.text == "Where to change my pasword?"
    expected = model.embed_queries(["Where to change my password?"])[0]
    assert question.vector.tolist() == expected.tolist()


def test_a_word_that_any_collection_has_is_not_respelt(
    library: Library, store: Store, tmp_path: Path
) -> None:
    model = BagOfWords(unknown=["pasword", "password"])
    store("faq", "Change the password in the settings.")
    store("odd", "Pasword is the name of a band.", collection="guild:1")
    indexes = [
        CollectionIndex(library, model, name, tmp_path / name) for name in ("shared", "guild:1")
    ]
    for index in indexes:
        index.refresh()
    question = prepare([SearchQuery("Who is Pasword?", indexes)], model)[0]
    assert question.vector.tolist() == model.embed_queries(["Who is Pasword?"])[0].tolist()
