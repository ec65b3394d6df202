"""The bot over the loopback Discord, reader on: ``python -m tests.bench.bot``.

From the interaction received to the response sent, for one asker and for fifty at once.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.measure.sets import model_store, questions_of
from tests.support.scene import PATIENCE, playing

ALONE = 200
TOGETHER, ROUNDS = 50, 4


async def main() -> None:
    """Ask different questions, so that no answer is remembered, and print how long they take."""
    os.environ.setdefault("PASSAGE_MODELS", str(model_store().folder))
    texts = random.Random(0).sample([q.text for q in questions_of("squad2")], 2_000)
    pending = iter(texts)
    with tempfile.TemporaryDirectory() as folder:
        async with playing(Path(folder), lifetime=900) as scene:
            await scene.warm()
            scene.set(per_minute=600)
            alone = []
            for _ in range(ALONE):
                asked = await scene.ada.slash("ask", scene.general, question=next(pending))
                await asked.response(PATIENCE)
                alone.append(asked.answer_ms or 0.0)
            _report("one asker", alone)
            people = [scene.person(f"Person {number}") for number in range(TOGETHER)]
            crowd, acknowledged = [], []
            for _ in range(ROUNDS):
                several = [
                    await person.slash("ask", scene.general, question=next(pending))
                    for person in people
                ]
                await asyncio.gather(*(asked.response(PATIENCE) for asked in several))
                crowd.extend(asked.answer_ms or 0.0 for asked in several)
                acknowledged.extend(asked.ack_ms or 0.0 for asked in several)
            _report(f"{TOGETHER} at once", crowd)
            print(f"{'':12} acknowledged after {max(acknowledged):.0f} ms at the latest")


def _report(name: str, took: Sequence[float]) -> None:
    p50, p99 = np.quantile(took, (0.5, 0.99))
    print(f"{name:12} answered after {p50:.0f} ms (p50), {p99:.0f} ms (p99)")


if __name__ == "__main__":
    asyncio.run(main())
