"""Discord at its worst: twenty people ask while everything between them and the bot breaks.

The real bot process is connected to the loopback Discord.  By the seed, people ask by command, in
public and in private, by mention, reply and direct message and in a channel that is answered
unasked, and press the buttons below answers; meanwhile the gateway is cut, closed, told to
reconnect (op 7) or invalidated (op 9), resumes are refused, a connection turns into a zombie,
events come twice (also after a resume) or after those that followed them, and requests meet with
rate limits, of a route and of all, server errors, resets before and after they took effect, slow
and broken-off answers and a proxy's page; channels are deleted and the bot's voice is taken away
while an answer is on its way.

**Answered.**  Each question has one answer that belongs to it, and each press one outcome, unless
the loopback's record says that Discord made it impossible, in which case there is none or one:

- *never delivered*: its event was sent while the gateway was out (or within half a second before)
  and no resume brought it, or for an interaction brought it too late to be acknowledged;
- *no acknowledgement got through*: the faults that met its acknowledgement left no time.  Counted
  are the wait of a rate limit, up to a second for a slow answer, and the pauses before a further
  try, of 0.2 s, 1 s and 3 s; together more than 1.6 of the three seconds;
- *its token expired*: a rate limit on it outlasts the token, which lives some seconds here;
- *its channel is gone*, or the bot's voice in it, before the answer was given;
- *no try got through*: faults met every request that carried the answer, for half a minute.

**In the log once.**  A line for each request that a fault struck, with its method and address (no
token) and what came: the status, "connection lost", or for slow ones how long it took; a line for
each end of a gateway connection, with the reason; a line for each question that can't be answered,
by the id of its message or interaction.  Where no try got through, one may have worked all the
same; the line then says that there may be no answer, and there is none if the gateway told of the
answer.  Twice delivered and late events change nothing and are not
told of.  There is no other warning, no traceback, no token and no text of a question.  A line for a
slow answer may be there without a fault, where the machine itself was slow.

**Flat.**  Of the resident memory, sampled every two seconds, the first fifth of the run is left
out; the median of the last quarter of the rest is within 5 % of that of its first quarter (only in
a run of at least five minutes).  Tasks, threads and open files are afterwards what they were.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from index.collection_names import SHARED
from index.models.compiled import ModelStore
from index.models.load_embedder import DEFAULT_MODEL, load_embedder
from tests.loopback import Intent
from tests.support.scene import Scene, playing
from tests.support.scene import seed as fill
from tests.torture import storm_log
from tests.torture.storm_crowd import Crowd, articles
from tests.torture.storm_faults import Weather
from tests.torture.storm_ledger import Asked, Ledger

SHORT, LONG = 15, 600
"""Seconds of storm; people are waited for beside."""

_LONG = 300  # seconds from which memory is judged, and what takes minutes is done
_PAUSE = 4.0  # seconds between two things that a person does
_ALL_IN = 150.0  # seconds within which the last answers are there
_CALM = 40.0  # seconds within which connections that aren't needed are closed
_FLAT = 0.05
_SAMPLED = 2.0


def run(amount: int, seed: int = 0) -> list[str]:
    """Let a storm rage for some seconds, and return what it did in lines."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("PASSAGE_MODELS", str(Path(folder) / "models"))
        return asyncio.run(_run(amount, seed, Path(folder)))


@dataclass
class Sizes:
    """What the bot's process takes: resident megabytes, threads, open files, tasks."""

    process: int
    census: Path
    memory: list[float] = field(default_factory=list)

    def read(self) -> dict[str, int]:
        """Return what there is now, but for memory."""
        folder = Path("/proc") / str(self.process)
        counted = self.census.read_text().splitlines() if self.census.exists() else []
        return {
            "threads": len(list((folder / "task").iterdir())),
            "files": len(list((folder / "fd").iterdir())),
            "tasks": json.loads(counted[-1])["tasks"] if counted else 0,
        }

    async def watch(self) -> None:
        """Take down the memory, now and then, until cancelled."""
        page = os.sysconf("SC_PAGE_SIZE") / 2**20
        while True:
            self.memory.append(self._pages() * page)
            await asyncio.sleep(_SAMPLED)

    def _pages(self) -> int:
        return int(Path(f"/proc/{self.process}/statm").read_text().split()[1])

    def growth(self) -> float:
        """Return how much more there is at the end, as a share of what was there before."""
        kept = self.memory[len(self.memory) // 5 :]
        part = max(1, len(kept) // 4)
        return statistics.median(kept[-part:]) / statistics.median(kept[:part]) - 1


async def _run(amount: int, seed: int, folder: Path) -> list[str]:
    long = amount >= _LONG
    census = folder / "census"
    async with _scene(folder, census, lifetime=amount + 600.0, long=long) as scene:
        rooms = [scene.general, *(scene.guild.text(f"room {number}") for number in range(3))]
        listening = scene.guild.text("listening")
        scene.set(per_minute=600, answered_channels=frozenset({listening.id}))
        await scene.warm()
        crowd = Crowd(scene, rooms, listening, seed)
        weather = Weather(scene, crowd, seed=seed, long=long)
        sizes = Sizes(scene.bot.process.pid, census)
        await asyncio.sleep(3)
        before = sizes.read()
        watching = asyncio.create_task(sizes.watch())
        until = time.monotonic() + amount
        await asyncio.gather(crowd.go(until, pause=_PAUSE), weather.blow(until))
        watching.cancel()
        await _all_answered(crowd, scene)
        after = await _calmed(sizes, before)
        assert scene.bot.returncode is None, f"seed {seed}: {scene.bot.tail()}"
        assert await scene.bot.stop(30) == 0, f"seed {seed}: {scene.bot.tail()}"
        return _judged(scene, crowd, weather, sizes, before, after, seed=seed, long=long)


@asynccontextmanager
async def _scene(
    folder: Path, census: Path, *, lifetime: float, long: bool
) -> AsyncIterator[Scene]:
    """Start the bot over a library with the bridges in it."""
    data = folder / "data"
    model = load_embedder(DEFAULT_MODEL, ModelStore(Path(os.environ["PASSAGE_MODELS"])))
    fill(data, model, SHARED, articles())
    del model
    os.environ["LOOPBACK_CENSUS"] = str(census)
    granted = Intent.MESSAGE_CONTENT
    try:
        async with playing(
            data, privileged=granted, lifetime=lifetime, message_content="true"
        ) as scene:
            scene.discord.limits.token_s = 40.0 if long else 12.0
            scene.discord.limits.heartbeat_s = 5.0
            yield scene
    finally:
        del os.environ["LOOPBACK_CENSUS"]


async def _all_answered(crowd: Crowd, scene: Scene) -> None:
    """Wait for the last answers, or until there are none to be expected."""
    waiting = [asked for asked in crowd.asked if not crowd.ledger.why_impossible(asked)]
    with suppress(TimeoutError):  # who has none by then is found in the end
        await scene.discord.until(
            lambda: None if crowd.pending(waiting) else True, _ALL_IN, "the last answers"
        )
    await asyncio.sleep(scene.discord.limits.acknowledge_s + 2)  # a second answer would come now


async def _calmed(sizes: Sizes, before: dict[str, int]) -> dict[str, int]:
    deadline = time.monotonic() + _CALM
    while True:
        after = sizes.read()
        if not _grown(before, after) or time.monotonic() > deadline:
            return after
        await asyncio.sleep(1)


def _grown(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return what there is more of than before; pools of threads and of connections fill up."""
    allowed = {"threads": 8, "files": 10, "tasks": 2}
    return [name for name, most in allowed.items() if after[name] > before[name] + most]


def _judged(
    scene: Scene,
    crowd: Crowd,
    weather: Weather,
    sizes: Sizes,
    before: dict[str, int],
    after: dict[str, int],
    *,
    seed: int,
    long: bool,
) -> list[str]:
    wrong: list[str] = []
    impossible: Counter[str] = Counter()
    for number, asked in enumerate(crowd.asked):
        why = crowd.ledger.why_impossible(asked)
        impossible[why or "answered"] += 1
        found = _wrong_with(asked, crowd.ledger, why)
        wrong += [f"{number} ({asked.kind}, {asked.id}): {one}" for one in found]
    wrong += _violations(scene, crowd)
    wrong += _log_wrong(scene, crowd)
    if long and abs(sizes.growth()) > _FLAT:
        wrong.append(f"memory changed by {sizes.growth():.1%}")
    wrong += [
        f"{name}: {before[name]} before, {after[name]} after" for name in _grown(before, after)
    ]
    assert not wrong, f"seed {seed}: {len(wrong)} promises broken:\n" + "\n".join(wrong[:40])
    return _figures(scene, crowd, weather, sizes, impossible)


def _wrong_with(asked: Asked, ledger: Ledger, why: str | None) -> list[str]:
    count = ledger.count(asked)
    if count > 1:
        return [f"{count} answers"]
    if count == 0:
        return [] if why else ["no answer"]
    text = "\n".join(message.text for message in ledger.answers(asked))
    wrong = ["it failed"] if "Something went wrong" in text else []
    if asked.question is not None:
        if asked.question.text not in text:
            wrong.append(f"another question's answer: {text[:200]!r}")
        if "### Answer" in text and asked.question.expected not in text:
            wrong.append(f"another answer than {asked.question.expected!r}: {text[:200]!r}")
    return wrong


def _violations(scene: Scene, crowd: Crowd) -> list[str]:
    """Return rules that were broken; what the bot could not know of it may meet with once.

    It is told of a voice that was taken away, and of a token's shorter life not at all.
    """
    silenced = [asked for asked in crowd.asked if asked.silenced]
    forgiven = scene.discord.forgive("permission") + scene.discord.forgive("token")
    expired = scene.discord.limits.token_s
    old = [a for a in crowd.asked if a.interaction and time.monotonic() - a.at > expired]
    most = len(silenced) + len(old)
    wrong = [str(violation) for violation in scene.discord.violations]
    if len(forgiven) > most:
        wrong.append(f"{len(forgiven)} requests in vain, for {most} that could not know it")
    return wrong


def _log_wrong(scene: Scene, crowd: Crowd) -> list[str]:
    lines, discord = scene.bot.lines, scene.discord
    struck, told = storm_log.requests_struck(discord), storm_log.requests_told(lines)
    wrong = [
        f"told {told[one]} times instead of {struck[one]}: {one}"
        for one in struck | told
        if told[one] < struck[one] or (told[one] > struck[one] and one[2] != "slow")
    ]
    ended, ends = storm_log.ends_struck(discord), storm_log.ends_told(lines)
    if ended != ends:
        wrong.append(f"the gateway ended {dict(ended)}, the log says {dict(ends)}")
    not_given, unsure = storm_log.not_given(lines), storm_log.unsure(lines)
    for asked in crowd.asked:
        why, count = crowd.ledger.why_impossible(asked), crowd.ledger.count(asked)
        wondered = unsure.pop(asked.id, 0)
        known = not_given.pop(asked.id, 0) + wondered
        unexplained = not known and not count and why not in (None, "never delivered")
        # An answer may have taken effect and seemed to fail before it became impossible.
        given = known and count and why is None and asked.channel not in crowd.avoided
        if unexplained or known > 1 or given or (wondered and crowd.ledger.is_known(asked)):
            wrong.append(f"{asked.kind} {asked.id}: {known} lines, {count} answers ({why})")
    wrong += [f"of nothing that was asked: {id_}" for id_ in not_given | unsure]
    wrong += storm_log.others(lines)
    log = scene.bot.log
    wrong += ["the token"] * (discord.token in log)
    wrong += [f"the text of {a.id}" for a in crowd.asked if a.question and a.question.text in log]
    wrong += [f"the token of {i.id}" for i in discord.interactions if i.token in log]
    return wrong


def _figures(
    scene: Scene, crowd: Crowd, weather: Weather, sizes: Sizes, impossible: Counter[str]
) -> list[str]:
    kinds = Counter(asked.kind.split()[0] for asked in crowd.asked)
    faults = Counter(what for _, _, what in storm_log.requests_struck(scene.discord).elements())
    acks = sorted(
        a.interaction.ack_ms for a in crowd.asked if a.interaction and a.interaction.ack_ms
    )
    memory = f"memory {sizes.memory[0]:.0f} MB at the start, {sizes.memory[-1]:.0f} MB at the end"
    return [
        f"{len(crowd.asked)} asked: {_counted(kinds)}",
        f"what became of them: {_counted(impossible)}; none doubled",
        f"requests struck: {_counted(faults)}",
        f"connections: {_counted(weather.struck)}",
        f"events: {_counted(scene.discord.gateway.disorder.struck)}",
        f"acknowledged after {acks[len(acks) // 2]:.0f} ms (median), {acks[-1]:.0f} ms (latest)",
        f"{memory}, {sizes.growth():+.1%} over the last four fifths",
    ]


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())
