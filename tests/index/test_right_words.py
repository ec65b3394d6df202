"""Real models on small libraries, kind by kind: the right words, as an answer, or an honest no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.answer.span_reader import SpanReader
from index.engine import Engine
from index.models.compiled import ModelStore
from index.models.embedder import WindowedEmbedder
from index.models.load_reader import DEFAULT_READER, load_span_model
from index.models.spans import WindowedSpanModel
from index.records import Answer

pytestmark = pytest.mark.model

LIBRARY = {
    "permissions.md": """# Ferry desk

## What the clerk may do

A clerk may do these things without asking:

- Change a booking
- Refund a ticket
- Print a pass
- Close the gate

Everything else goes to the harbour master.

## Claim a lost bag

1. Fill in the yellow form at the desk.
2. Show the ticket of the crossing.
3. Wait for the call of the storehouse.
4. Fetch the bag at gate two.
""",
    "cabins.md": """# Cabins

## What is carried

Bicycles, prams and dogs are carried. Horses are not carried. Skis are carried in winter only.

## Prices

A berth in the blue cabin costs 40 crowns. A berth in the green cabin costs 65 crowns. The price of
the captain's cabin is told on request.

## Faults

### E31

The heating of the cabin is out. Turn the red valve behind the door.

### GATE_JAM_07

The gate is stuck. Lift the bar and call the engine room on line 4.
""",
    "chat.txt": """[2025-03-02 10:15] lena
how do i get the salt off the car deck?

[2025-03-02 10:19] deck_otto
rinse it with warm water and sweep it to the drain before noon

[2025-03-03 18:40] marek
which rope do i need for the small anchor?

[2025-03-03 18:44] deck_otto
a 14 mm nylon rope, the thinner one breaks in a storm
""",
}


@pytest.fixture(scope="module")
def span_model(models: Path) -> WindowedSpanModel:
    return load_span_model(DEFAULT_READER, ModelStore(models))


@pytest.fixture(scope="module")
def ask(
    span_model: WindowedSpanModel,
    default_model: WindowedEmbedder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Answer]]:
    folder = tmp_path_factory.mktemp("library")
    for name, text in LIBRARY.items():
        (folder / name).write_text(text, "utf-8")
    reader = SpanReader(span_model, default_model)
    engine = Engine(folder / "data", lambda: default_model, reader=lambda _: reader)
    for added in engine.add([str(folder / name) for name in LIBRARY], "ferry"):
        assert not isinstance(added, Exception)
    yield lambda question: engine.ask_all([question], ["ferry"], 3)[0]
    engine.close()


@pytest.mark.parametrize(
    ("question", "words"),
    [
        pytest.param("What are the things a clerk may do?", "Close the gate", id="list to its end"),
        pytest.param("what can a clerk do without asking", "Change a booking", id="list"),
        pytest.param("How do I claim a lost bag?", "4. Fetch the bag at gate two.", id="all steps"),
        pytest.param("How do I claim a lost bag?", "1. Fill in the yellow form", id="first step"),
        pytest.param("what's step 3 of claiming a lost bag", "3. Wait for the call", id="one step"),
        pytest.param("lost my bag", "4. Fetch the bag at gate two.", id="steps not asked for"),
        pytest.param("Are horses carried?", "Horses are not carried.", id="negation"),
        pytest.param("Which animals are not carried?", "Horses", id="negated question"),
        pytest.param("can i take my dog", "dogs are carried", id="yes or no"),
        pytest.param("how much is a berth in the green cabin", "65 crowns", id="right one of two"),
        pytest.param("E31", "red valve", id="code alone"),
        pytest.param("what does GATE_JAM_07 mean", "The gate is stuck", id="code in a heading"),
        pytest.param("which rope for the small anchor?", "14 mm nylon", id="chat, not who asks"),
        pytest.param("how to get salt off the car deck", "warm water", id="chat, not its question"),
        pytest.param("how mcuh for a brth in teh green cabin", "65 crowns", id="misspelt"),
    ],
)
def test_the_right_words_are_shown(ask: Callable[[str], Answer], question: str, words: str) -> None:
    answer = ask(question)
    assert answer.quote is not None, f"{answer.state} {answer.confidence:.2f}"
    assert words in answer.quote.text


@pytest.mark.parametrize(
    "question",
    [
        "How do I claim a lost bag?",
        "what's step 3 of claiming a lost bag",
        "Are horses carried?",
        "how much is a berth in the green cabin",
        "which rope for the small anchor?",
        "What are the things a clerk may do?",
    ],
)
def test_what_is_right_is_called_an_answer(ask: Callable[[str], Answer], question: str) -> None:
    answer = ask(question)
    assert (answer.state, question) == ("answer", question), f"{answer.confidence:.2f}"


@pytest.mark.parametrize(
    "question",
    [
        "what does GATE_JAM_09 mean",
        "Who is the harbour master?",
        "how long is the crossing",
    ],
)
def test_a_near_miss_is_never_called_an_answer(ask: Callable[[str], Answer], question: str) -> None:
    assert ask(question).state != "answer"


@pytest.mark.parametrize(
    "question", ["what's the capital of peru", "who won the world cup in 1998"]
)
def test_what_the_library_is_not_about_gets_nothing(
    ask: Callable[[str], Answer], question: str
) -> None:
    assert ask(question).state == "none"
