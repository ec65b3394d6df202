"""The whole engine: what happened to a library on the way leaves no trace in its answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from index.answer.answerer import Query
from index.answer.reader import Reading
from index.collection_names import SHARED
from index.engine import Engine
from index.errors import PassageError, UnknownArticleError
from index.models.embedder import Vectors
from index.records import Answer, AnswerReason
from index.search import collection, open_indexes, saved_index
from tests.support.fakes import BagOfWords, drafts, made

WORDS = (
    "ankara", "moscow", "treaty", "gas", "missile", "deal", "pipeline", "visit", "tomato", "tank",
    "border", "export", "bank", "tourist", "minister", "summit", "embargo", "rocket", "river",
)  # fmt: skip
QUESTIONS = (
    "Who signed the gas treaty?", "missle deal", "tomato export over the border", "zeppelin",
    "What did the minister visit?", "river tank rocket",
)  # fmt: skip


def text_of(draw: random.Random) -> str:
    """Return a few paragraphs of a few sentences of a few words."""
    return "\n\n".join(
        " ".join(
            " ".join(draw.choices(WORDS, k=draw.randint(3, 9))).capitalize() + "."
            for _ in range(draw.randint(1, 12))
        )
        for _ in range(draw.randint(1, 6))
    )


@contextmanager
def engine_at(folder: Path) -> Iterator[Engine]:
    engine = Engine(folder, BagOfWords)
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with engine_at(tmp_path / "data") as open_indexes:
        yield open_indexes


def seen(answer: Answer) -> tuple[object, ...]:
    """Return all of an answer that should not depend on history, ties in one order."""
    passages = sorted(
        (-round(r.score, 4), r.passage.article_id, r.passage.start, r.passage.text)
        for r in answer.passages
    )
    return answer.state, answer.reason, answer.quote, [passage[1:] for passage in passages]


def assert_same_answers(one: Engine, other: Engine, questions: tuple[str, ...] = QUESTIONS) -> None:
    for question in questions:
        ours, theirs = one.ask(question, [SHARED], 10), other.ask(question, [SHARED], 10)
        assert seen(ours) == seen(theirs)
        assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-5)
        assert [r.score for r in ours.passages] == pytest.approx(
            [r.score for r in theirs.passages], abs=1e-5
        )


def assert_like_fresh(engine: Engine, texts: Mapping[str, str], folder: Path) -> None:
    with engine_at(folder) as fresh:
        for name, text in sorted(texts.items()):
            fresh.add_article(made(name, text), SHARED)
        assert_same_answers(engine, fresh)


def changed(engine: Engine, texts: dict[str, str], draw: random.Random) -> None:
    """Add, update or remove one article, chosen by chance."""
    name = f"article{draw.randrange(25)}"
    if name in texts and draw.random() < 0.4:
        del texts[name]
        engine.remove(name, SHARED)
    else:
        text = f"{name} begins here. {text_of(draw)}"
        texts[name] = text
        engine.add_article(made(name, text), SHARED)


def test_200_changes_in_random_order_leave_the_answers_of_a_fresh_library(tmp_path: Path) -> None:
    draw, texts = random.Random(7), {}
    with engine_at(tmp_path / "changed") as engine:
        for number in range(200):
            changed(engine, texts, draw)
            if number % 20 == 10:
                engine.ask(QUESTIONS[0], [SHARED])
            if number % 70 == 30:
                engine.save()
        assert_like_fresh(engine, texts, tmp_path / "fresh")
    assert 8 < len(texts) < 25
    with engine_at(tmp_path / "changed") as reopened:
        assert_like_fresh(reopened, texts, tmp_path / "fresh")


class Changes(RuleBasedStateMachine):
    """Whatever is done to a library, in whatever order, it answers as one built afresh."""

    folder: Path
    number = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        self.data = self.folder / str(self.number)
        self.texts: dict[str, str] = {}
        self.engine = Engine(self.data, BagOfWords)

    @rule(name=st.sampled_from("abcd"), seed=st.integers(0, 50))
    def add(self, name: str, seed: int) -> None:
        text = f"{name} says so. {text_of(random.Random(seed))}"
        self.engine.add_article(made(name, text), SHARED)
        self.texts[name] = text

    @rule(name=st.sampled_from("abcd"))
    def remove(self, name: str) -> None:
        if self.texts.pop(name, None):
            self.engine.remove(name, SHARED)
        else:
            with pytest.raises(UnknownArticleError):
                self.engine.remove(name, SHARED)

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = Engine(self.data, BagOfWords)

    @rule(question=st.sampled_from(QUESTIONS))
    def ask(self, question: str) -> None:
        self.engine.ask(question, [SHARED])

    @invariant()
    def every_passage_is_its_articles_own_text(self) -> None:
        for ranked in self.engine.ask(QUESTIONS[0], [SHARED], 10).passages:
            passage = ranked.passage
            assert passage.text == self.texts[passage.article_id][passage.start : passage.end]

    def teardown(self) -> None:
        assert_like_fresh(self.engine, self.texts, self.data / "fresh")
        self.engine.close()


def test_any_order_of_changes_leaves_the_answers_of_a_fresh_library(tmp_path: Path) -> None:

    Changes.folder = tmp_path
    run_state_machine_as_test(
        Changes, settings=settings(max_examples=10, stateful_step_count=12, deadline=None)
    )


def versions(answer: Answer) -> list[str]:
    return [r.passage.text for r in answer.passages if r.passage.article_id == "moving"]


def test_no_question_sees_both_versions_of_an_article_or_neither(engine: Engine) -> None:
    for name in "abc":
        engine.add_article(made(name, f"The river {name} flows."), SHARED)
    engine.add_article(made("moving", "Version 0 of the treaty."), SHARED)
    done = threading.Event()
    found: list[list[str]] = []

    def keep_asking() -> None:
        while not done.is_set():
            found.append(versions(engine.ask("Which version of the treaty?", [SHARED], 10)))

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(keep_asking) for _ in range(3)]
        try:
            for number in range(1, 60):
                engine.add_article(made("moving", f"Version {number} of the treaty."), SHARED)
        finally:
            done.set()
        for one in asking:
            one.result()
    assert {len(texts) for texts in found} == {1}
    assert len({texts[0] for texts in found}) > 1
    assert versions(engine.ask("version", [SHARED])) == ["Version 59 of the treaty."]


@pytest.mark.parametrize("question", ["", "  \n\t "])
def test_an_empty_question_is_a_sentence(engine: Engine, question: str) -> None:
    with pytest.raises(PassageError) as caught:
        engine.ask(question, [SHARED])
    assert str(caught.value) == "The question is empty; ask something."


def test_a_question_with_a_lone_surrogate_is_answered_all_the_same(engine: Engine) -> None:
    engine.add_article(made("a", "Ankara signed a treaty."), SHARED)
    assert engine.ask("Ankara treaty \ud83d?", [SHARED]).state == "answer"
    assert len(engine.search("Ankara treaty \ud83d?", [SHARED], 3)) == 1


def test_an_answer_repeats_the_question_and_says_where_the_time_went(engine: Engine) -> None:
    engine.add_article(made("a", "Ankara signed a treaty."), SHARED)
    answer = engine.ask("  Ankara treaty? ", [SHARED])
    assert answer.question == "Ankara treaty?"
    assert answer.state == "answer"
    assert answer.quote is not None
    assert answer.quote.text == "Ankara signed a treaty."
    timing = answer.timing
    assert timing.total == pytest.approx(timing.embed + timing.search + timing.read)
    assert min(timing.embed, timing.search, timing.read) >= 0


def test_questions_together_get_the_answers_of_each_alone(engine: Engine) -> None:
    engine.add_article(made("a", text_of(random.Random(1))), SHARED)
    together = engine.ask_all(QUESTIONS, [SHARED], 3)
    assert [seen(a) for a in together] == [seen(engine.ask(q, [SHARED], 3)) for q in QUESTIONS]
    assert [a.question for a in together] == list(QUESTIONS)


def test_as_many_passages_as_asked_for_come_back(engine: Engine) -> None:
    for number in range(12):
        engine.add_article(made(f"a{number:02}", f"Treaty number {number}."), SHARED)
    for k in (1, 3, 10):
        assert len(engine.ask("treaty", [SHARED], k).passages) == k
        assert len(engine.search("treaty", [SHARED], k)) == k


def test_a_near_duplicate_stays_behind_the_others_in_the_answer(engine: Engine) -> None:
    original = "Ankara and Moscow signed a treaty about gas, missiles, tomatoes and tourists."
    for name, text in {"a": original, "b": f"{original} Again.", "c": "A gas treaty."}.items():
        engine.add_article(made(name, text, "Talks"), SHARED)
    answer = engine.ask("treaty gas missiles tourists", [SHARED])
    assert [r.passage.article_id for r in answer.passages] == ["a", "c", "b"]


def test_collections_that_are_not_named_are_never_seen(engine: Engine) -> None:
    engine.add_article(made("a", "The secret treaty."), "user:1")
    assert engine.ask("secret treaty", [SHARED, "user:2"]).reason == AnswerReason("empty library")
    assert engine.ask("secret treaty", [SHARED, "user:1"]).passages[0].passage.article_id == "a"


def test_removal_by_title_removes_it_from_every_answer(engine: Engine) -> None:
    engine.add_article(made("a", "The treaty.", "Talks"), SHARED)
    assert engine.search("treaty", [SHARED], 3) != ()
    assert engine.remove("talks", SHARED).id == "a"
    assert engine.search("treaty", [SHARED], 3) == ()


def test_the_model_is_loaded_once_and_only_when_needed(tmp_path: Path) -> None:
    loaded: list[BagOfWords] = []

    def load() -> BagOfWords:
        loaded.append(BagOfWords())
        return loaded[-1]

    engine = Engine(tmp_path, load)
    assert engine.library.listing.entries(SHARED) == []
    assert loaded == []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: engine.ask("treaty", [SHARED]), range(8)))
    engine.close()
    assert len(loaded) == 1


def test_an_index_that_cannot_be_saved_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("in the way")
    for _ in range(2):
        with engine_at(tmp_path) as engine:
            engine.add_article(made("a", "The treaty."), SHARED)
            assert [r.passage.text for r in engine.search("treaty", [SHARED], 3)] == ["The treaty."]


def test_a_follow_up_gets_the_sentence_that_it_asks_for_itself(engine: Engine) -> None:
    text = "The S-400 deal is worth two billion. China ordered first, so delivered later."
    engine.add_article(made("deal", text), "shared")
    before = "How much is the S-400 deal worth?"
    first, then = (
        engine.ask_together([Query(question, ("shared",), earlier)], 5)[0]
        for question, earlier in ((before, ""), ("and when delivered?", before))
    )
    assert first.quote is not None
    assert then.quote is not None
    assert first.quote.text == "The S-400 deal is worth two billion."
    assert then.quote.text == "China ordered first, so delivered later."
    assert then.question == "and when delivered?"


def test_an_erased_collection_leaves_no_word_in_any_index(tmp_path: Path) -> None:
    with engine_at(tmp_path / "data") as engine:
        engine.add_article(made("Zeppelin", "The zeppelin landed in Quito."), "guild:1")
        engine.add_article(made("Tomato", "The tomato is red."), "guild:2")
        assert engine.ask("Where did the zeppelin land?", ["guild:1"]).passages
        engine.save()
        folders = {path.name for path in (tmp_path / "data" / "index").iterdir()}
        engine.erase("guild:1")
        assert not engine.ask("Where did the zeppelin land?", ["guild:1"]).passages
        engine.erase("guild:1")
        left = {path.name for path in (tmp_path / "data" / "index").iterdir()}
        assert left < folders or not left
    for file in (tmp_path / "data" / "index").rglob("*"):
        assert file.is_dir() or b"zeppelin" not in file.read_bytes()


def words_on_disk(folder: Path, word: bytes) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and word in file.read_bytes()]


class Saving:
    """Holds up whoever writes an index file, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        real = saved_index.write_derived

        def slowly(*args: Any) -> None:
            self.begun.set()
            assert self.let_go.wait(30)
            real(*args)

        monkeypatch.setattr(saved_index, "write_derived", slowly)


def test_an_index_closed_while_it_is_erased_is_not_written_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 1)
    engine.add_article(made("Zeppelin", "The zeppelin landed in Quito."), "guild:1")
    engine.add_article(made("Tomato", "The tomato is red."), "guild:2")
    assert engine.ask("zeppelin", ["guild:1"]).passages
    saving = Saving(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(engine.ask, "tomato", ["guild:2"])
        assert saving.begun.wait(30)
        erasing = pool.submit(engine.erase, "guild:1")
        time.sleep(0.1)  # in which it gets as far as it can
        saving.let_go.set()
        assert closing.result(30).passages
        erasing.result(30)
    assert words_on_disk(tmp_path / "data" / "index", b"zeppelin") == []


def test_an_index_closed_before_it_is_erased_is_not_written_after(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 1)
    engine.add_article(made("Zeppelin", "The zeppelin landed in Quito."), "guild:1")
    index = engine.index("guild:1")
    real = index.save

    def erased_first() -> None:
        engine.erase("guild:1")
        real()

    monkeypatch.setattr(index, "save", erased_first)
    engine.index("guild:2")
    assert words_on_disk(tmp_path / "data", b"zeppelin") == []


def test_an_index_asked_for_while_it_is_saved_is_taken_back_and_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_indexes, "MOST_OPEN", 1)
    for number in (1, 2):
        engine.add_article(made("Tomato", "The tomato is red."), f"guild:{number}")
    first = engine.index("guild:1")
    saving = Saving(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(engine.index, "guild:2")
        assert saving.begun.wait(30)
        again = engine._indexes.get("guild:1")
        other = pool.submit(engine._indexes.get, "guild:3").result(30)
        saving.let_go.set()
        closing.result(30)
    assert again is first
    assert other.name == "guild:3"
    assert "guild:1" in engine._indexes._held


def test_an_index_that_is_read_slowly_holds_up_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, let_go = threading.Event(), threading.Event()
    real, made_of = engine._indexes._open, list[str]()

    def slowly(name: str) -> collection.CollectionIndex:
        made_of.append(name)
        if name == "guild:1":
            opening.set()
            assert let_go.wait(30)
        return real(name)

    monkeypatch.setattr(engine._indexes, "_open", slowly)
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(engine._indexes.get, "guild:1") for _ in range(2)]
        assert opening.wait(30)
        assert pool.submit(engine._indexes.get, "guild:2").result(30).name == "guild:2"
        let_go.set()
        assert slow[0].result(30) is slow[1].result(30)
    assert made_of == ["guild:1", "guild:2"]


class Interrupted(BagOfWords):
    """A model during whose work something else happens, once."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = int

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Let it happen, then embed."""
        meanwhile, self.meanwhile = self.meanwhile, int
        meanwhile()
        return super().embed_passages(texts)


def test_what_is_erased_while_it_is_embedded_leaves_no_vector(tmp_path: Path) -> None:
    model = Interrupted()
    with closing(Engine(tmp_path, lambda: model)) as engine:
        text, pieces = drafts("The zeppelin landed in Quito.")
        engine.library.store("guild:1", made("Zeppelin", text), pieces)
        model.meanwhile = lambda: engine.erase("guild:1")
        assert len(engine.index("guild:1")) == 0
        assert engine.library.database.read("SELECT * FROM vectors") == []


def test_an_answer_from_what_is_erased_meanwhile_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Engine(tmp_path, BagOfWords)) as engine:
        engine.add_article(made("Zeppelin", "The zeppelin landed in Quito."), "guild:1")
        reading = engine.reader.read

        def erased_before(*args: Any) -> list[Reading]:
            engine.erase("guild:1")
            return reading(*args)

        monkeypatch.setattr(engine.reader, "read", erased_before)
        assert engine.ask("zeppelin", ["guild:1"]).passages
        assert len(engine._answerer._answers) == 0


def crowded(engine: Engine) -> str:
    """Return a query that far more passages match than are looked at, and one article holds."""
    for number in range(60):
        engine.add_article(made(f"crowd{number}", f"zephyr kiln crowd{number}"), SHARED)
    words = " ".join(f"filler{number}" for number in range(40))
    engine.add_article(made("deep", f"{words} zephyr."), SHARED)
    return "zephyr kiln"


def test_an_article_is_searched_by_itself_whatever_else_is_nearer(engine: Engine) -> None:
    query = crowded(engine)
    everywhere = engine.search(query, [SHARED], 1_000)
    assert "deep" not in {item.passage.article_id for item in everywhere}
    (found,) = engine.search(query, [SHARED], 10, "deep")
    assert found.passage.article_id == "deep"
    assert found.bm25 > 0
    assert engine.search(query, [SHARED], 10, "nowhere") == ()


def test_a_passage_scores_the_same_within_its_article_as_everywhere(engine: Engine) -> None:
    query = crowded(engine)
    engine.add_article(made("own", "zephyr kiln"), "guild:1")
    places = ["guild:1", SHARED]
    everywhere = {item.passage.id: item for item in engine.search(query, places, 1_000)}
    for item in list(everywhere.values())[::9]:
        (alone,) = engine.search(query, places, 1_000, item.passage.article_id)
        assert alone.passage == item.passage
        assert alone.score == pytest.approx(item.score, abs=1e-6)


def test_an_article_is_the_one_of_the_first_collection_that_has_its_id(engine: Engine) -> None:
    engine.add_article(made("same", "zephyr of the shared one"), SHARED)
    engine.add_article(made("same", "zephyr of the own one"), "guild:1")
    for places in (["guild:1", SHARED], [SHARED, "guild:1"]):
        (found,) = engine.search("zephyr", places, 5, "same")
        assert ("own" in found.passage.text) == (places[0] == "guild:1")
