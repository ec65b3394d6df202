"""Training the embedding model: what it is drawn to, away from, and what is written."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from index.models.compiled import ModelStore
from index.models.load_embedder import base_folder, load_embedder
from training.corpus import Corpus

pytestmark = pytest.mark.slow


def test_a_pair_is_a_question_with_its_passage_and_those_ranked_beside_it(corpus: Corpus) -> None:
    from training.embedding import _of

    near = np.full((len(corpus.tasks), 2), -1)
    near[0, 0] = 1
    pairs = list(_of(corpus, near))
    assert len(pairs) == sum(task.answerable for task in corpus.tasks)
    task, source = corpus.tasks[0], corpus.sources[corpus.tasks[0].source]
    beside = corpus.sources[1]
    assert pairs[0].question == task.question
    assert pairs[0].passage == f"{source.context}\n{source.text}"
    assert pairs[0].misses == [f"{beside.context}\n{beside.text}"]
    assert pairs[1].misses == []


def test_a_passage_that_stands_twice_in_a_batch_is_no_miss() -> None:
    from sentence_transformers import SentenceTransformer

    from training.embedding import Wanted, loss

    model = SentenceTransformer(str(base_folder()), device="cpu")
    first, second = Wanted("Who did?", "Ann did.", []), Wanted("What is red?", "Tomatoes are.", [])
    again = Wanted("Who?", "Ann did.", [])
    lost = [
        float(loss(model, batch, random.Random(0)).detach())
        for batch in ([first], [first, second], [first, again])
    ]
    assert lost[1] > 1e-6
    assert lost[0] == pytest.approx(0.0, abs=1e-6)
    assert lost[2] == pytest.approx(0.0, abs=1e-6)


def test_what_is_written_is_the_mean_and_loads_as_any_model(tmp_path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    from training.embedding import SHARE, write

    model = SentenceTransformer(str(base_folder()), device="cpu")
    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.01)
    write(model, before, 128, tmp_path / "made")
    again = SentenceTransformer(
        str(tmp_path / "made"), device="cpu", model_kwargs={"dtype": torch.float32}
    )
    assert again.max_seq_length == 128
    for name, weights in again.state_dict().items():
        if weights.is_floating_point():
            assert torch.allclose(weights, before[name] + SHARE * 0.01, atol=2e-3), name
    made = load_embedder(str(tmp_path / "made"), ModelStore(tmp_path / "models"), "float32")
    vector = made.embed_queries(["Who signed the treaty?"])[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-3)
