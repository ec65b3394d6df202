"""What tests of training share: small sets to learn from, a tokenizer, words to alter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from index.language.sentences import TextSpan
from index.models.load_embedder import base_folder
from tests.support.training_texts import (
    MISSES,
    QUESTIONS,
    TEXTS,
    source,
    write,
)
from training.corpus import Corpus, Task
from training.negatives import Siblings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out the two sets that training reads, small, with articles to hold out."""
    for name in ("squad-train", "squad2"):
        texts = {"Apple#0": "Apples grow on trees. Ann eats them.", **TEXTS}
        write(
            tmp_path / name / "passages.jsonl.gz",
            [
                {"id": i, "doc": i.split("#")[0], "title": i.split("#")[0], "text": text}
                for i, text in texts.items()
            ],
        )
        asked = [
            {
                "id": str(number),
                "text": question,
                "relevant": [about],
                "about": about,
                "answers": [answer],
                "answerable": True,
                **({"answer_starts": [texts[about].index(answer)]} if name != "squad2" else {}),
            }
            for number, (about, question, answer) in enumerate(
                [*QUESTIONS, ("Apple#0", "Who eats apples?", "Ann")]
            )
        ]
        missed = [
            {
                "id": f"m{number}",
                "text": question,
                "relevant": [],
                "about": about,
                "answers": [],
                "answerable": False,
            }
            for number, (about, question) in enumerate([*MISSES, ("Apple#0", "Who sells apples?")])
        ]
        write(tmp_path / name / "questions.jsonl.gz", asked + (missed if name == "squad2" else []))
    monkeypatch.setenv("PASSAGE_EVAL_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    made = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    made.no_truncation()
    made.no_padding()
    return made


@pytest.fixture(scope="module")
def siblings() -> Siblings:
    """Know that 1932 could be 1931 or 1958, and that a tower could be a castle."""
    words = ["1932", "1931", "1958", "tower", "castle", "bridge", "trams"]
    angles = np.asarray([0.0, 0.3, 0.5, 1.57, 2.6, 3.9, 5.2])
    return Siblings(words, np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))


@pytest.fixture
def corpus() -> Corpus:
    names = list(TEXTS)
    tasks = [
        Task(question, names.index(about), (TextSpan(at, at + len(answer)),), (answer,))
        for about, question, answer in QUESTIONS
        for at in [TEXTS[about].index(answer)]
    ]
    return Corpus([source(name, text) for name, text in TEXTS.items()], tasks)
