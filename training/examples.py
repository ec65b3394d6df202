"""Tasks -> token ids in pairs: a passage that answers, and one that doesn't.

Everything that chance decides is decided by the seed and the round alone, so that a run
which was stopped goes on with the same examples.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.language.sentences import TextSpan
from index.language.terms import FUNCTION_WORDS
from training.corpus import Corpus, Source, Task
from training.negatives import Siblings, altered, names_by_doc

QUESTION, CONTEXT, TEXT = 40, 40, 200
"""The most tokens of each part."""

TRIMMED, SHORTEST, LONGEST = 0.6, 40, 120
"""The share of passages cut to a window of whole sentences, and how many tokens that has."""

KINDS = {"mined": 0.45, "cut": 0.17, "altered": 0.35, "strange": 0.03}
"""What the second of a pair is, where it is not a miss by people."""

BY_PEOPLE = 0.85
"""How often it is one, on passages that have some."""

UNTOLD = -1
"""Of a sentence: nobody said whether it answers."""

ALTERED_WEIGHT = 0.6
"""What an altered question counts: some still have their answer."""


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of question, context and text, and where the answers begin and end.

    Position 0 stands for "no answer here"; ``text`` is the first position of the text.
    ``sentences`` are the first token of each sentence and the one behind its last, ``labels``
    whether each answers: 1, 0, or UNTOLD.
    """

    ids: tuple[int, ...]
    second: int
    text: int
    spans: tuple[tuple[int, int], ...]
    weight: float = 1.0
    sentences: tuple[tuple[int, int], ...] = ()
    labels: tuple[int, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether it has an answer, in words or in sentences."""
        return bool(self.spans) or 1 in self.labels

    def places(self, side: int) -> Sequence[int]:
        """Return where an answer may start (side 0) or end (1).

        Where only sentences are marked, the model may choose among their words.
        """
        if self.spans:
            return [span[side] for span in self.spans]
        right = (s for s, label in zip(self.sentences, self.labels, strict=True) if label == 1)
        return [place for first, behind in right for place in range(first, behind)] or [0]


@dataclass(frozen=True, slots=True)
class Pair:
    """The same question or passage, once with an answer and once without."""

    yes: Example
    no: Example

    @property
    def length(self) -> int:
        """Tokens of the longer one."""
        return max(len(self.yes.ids), len(self.no.ids))


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as tokens, with the character at which each begins and ends."""

    ids: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]


@dataclass(frozen=True, slots=True)
class Manner:
    """How the examples of a set are made.

    ``kinds`` are what the second of a pair is, ``by_people`` how often it is a miss by people
    where there is one, ``trimmed`` the share of passages of which a window is cut, ``twins``
    the misses that were made of a question, by its number.
    """

    kinds: Mapping[str, float] = field(default_factory=lambda: dict(KINDS))
    by_people: float = BY_PEOPLE
    trimmed: float = TRIMMED
    twins: Mapping[int, Sequence[Task]] = field(default_factory=dict)


class Encoder:
    """Puts question, context and text together as the reader will be given them."""

    def __init__(self, tokenizer: Tokenizer, longest: int = TEXT) -> None:
        """``longest`` is how many tokens of a text are read."""
        self._tokenizer = tokenizer
        self._longest = longest
        self._cls, self._sep = (tokenizer.encode("").ids[at] for at in (0, -1))

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenise texts by themselves."""
        return [
            Tokens(e.ids, [a for a, _ in e.offsets], [b for _, b in e.offsets])
            for e in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]

    def example(
        self,
        question: Sequence[int],
        context: Sequence[int],
        text: Tokens,
        window: tuple[int, int],
        spans: Sequence[TextSpan],
        weight: float = 1.0,
        labelled: Sequence[tuple[tuple[int, int], int]] = (),
    ) -> Example:
        """Return an example of the tokens ``window`` of a text.

        ``labelled`` are its sentences in tokens, each with its label.
        """
        first, last = window[0], min(window[1], window[0] + self._longest)
        head = [self._cls, *question[:QUESTION], self._sep, *context[:CONTEXT]]
        found = []
        for span in spans:
            start = bisect_right(text.starts, span.start) - 1
            end = bisect_right(text.starts, span.end - 1) - 1
            if first <= start <= end < last:
                found.append((len(head) + start - first, len(head) + end - first))
        held = [
            ((len(head) + max(a, first) - first, len(head) + min(b, last) - first), label)
            for (a, b), label in labelled
            if max(a, first) < min(b, last)
        ]
        return Example(
            (*head, *text.ids[first:last], self._sep),
            2 + len(question[:QUESTION]),
            len(head),
            tuple(dict.fromkeys(found)),
            weight,
            tuple(sentence for sentence, _ in held),
            tuple(label for _, label in held),
        )


class Examples:
    """The pairs of a corpus, made anew each round."""

    def __init__(
        self,
        corpus: Corpus,
        encoder: Encoder,
        siblings: Siblings,
        near: NDArray[np.int32] | None,
        manner: Manner | None = None,
    ) -> None:
        """``near`` are mined passages by task; None where the set has its own misses."""
        self._manner = manner or Manner()
        self._corpus = corpus
        self._encoder = encoder
        self._siblings = siblings
        self._near = near
        self._names = names_by_doc(corpus)
        self._texts = encoder.tokens([s.text for s in corpus.sources])
        self._contexts = [t.ids for t in encoder.tokens([s.context for s in corpus.sources])]
        self._by_source: dict[int, list[Task]] = {}
        for task in corpus.tasks:
            if not task.answerable:
                self._by_source.setdefault(task.source, []).append(task)

    def pairs(self, seed: str, copies: int = 1) -> Iterator[Pair]:
        """Yield the pairs of one round, in which each question comes so many times."""
        yield from self.some(seed, range(len(self._corpus.tasks)), copies)

    def some(self, seed: str, numbers: Iterable[int], copies: int = 1) -> Iterator[Pair]:
        """Yield the pairs of some of the questions."""
        for number in numbers:
            task = self._corpus.tasks[number]
            for copy in range(copies):
                if task.answerable:
                    chance = random.Random(f"{seed} {number} {copy}")
                    pair = self._pair(number, task, chance)
                    if pair is not None:
                        yield pair

    def answerable(self) -> list[int]:
        """Return the numbers of the questions that pairs can be made of."""
        return [number for number, task in enumerate(self._corpus.tasks) if task.answerable]

    def _pair(self, number: int, task: Task, chance: random.Random) -> Pair | None:
        source = self._corpus.sources[task.source]
        question = worded(task.question, chance)
        window = self._window(task.source, task.told[0], chance)
        yes = self._example(question, task.source, window, task)
        if not (yes.spans if task.spans else yes.answers):
            return None
        return Pair(yes, self._miss(number, task, source, question, window, chance))

    def _miss(
        self,
        number: int,
        task: Task,
        source: Source,
        question: str,
        window: tuple[int, int],
        chance: random.Random,
    ) -> Example:
        own = self._manner.twins.get(number) or self._by_source.get(task.source)
        if own and chance.random() < self._manner.by_people:
            return self._example(worded(chance.choice(own).question, chance), task.source, window)
        kinds = self._manner.kinds
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        if kind == "altered":
            names = self._names[source.doc]
            other = altered(question, source.text, names, self._siblings, chance)
            if other is not None:
                return self._example(other, task.source, window, weight=ALTERED_WEIGHT)
        if kind == "cut":
            left = self._without(task)
            if left is not None:
                return self._example(question, task.source, left)
        return self._elsewhere(number, question, kind, window[1] - window[0], chance)

    def _elsewhere(
        self, number: int, question: str, kind: str, room: int, chance: random.Random
    ) -> Example:
        """Return the question with a passage that is near, or with any other one.

        It is cut to about the length of the one that answers: length must tell nothing.
        """
        near = [] if self._near is None else [int(n) for n in self._near[number] if n >= 0]
        if kind == "strange" or not near:
            other = chance.randrange(len(self._corpus.sources))
        else:
            other = near[min(int(chance.expovariate(0.8)), len(near) - 1)]
        begin = chance.randrange(len(self._edges(other)))
        return self._example(question, other, self._grown(other, begin, begin, room, chance))

    def _example(
        self,
        question: str,
        source: int,
        window: tuple[int, int],
        task: Task | None = None,
        weight: float = 1.0,
    ) -> Example:
        """Return a question with a passage, which answers ``task`` or nothing."""
        ids = self._encoder.tokens([question])[0].ids
        text, context = self._texts[source], self._contexts[source]
        spans = task.spans if task is not None else ()
        labels = self._labels(source, task)
        labelled = list(zip(self._edges(source), labels, strict=True))
        return self._encoder.example(ids, context, text, window, spans, weight, labelled)

    def _labels(self, source: int, task: Task | None) -> list[int]:
        """Say of each sentence of a passage whether it answers."""
        held = self._corpus.sources[source]
        return [0] * len(held.sentences) if task is None else sentence_labels(held, task)

    def _window(self, source: int, answer: TextSpan, chance: random.Random) -> tuple[int, int]:
        """Return the tokens of some neighbouring sentences, the answer's among them."""
        text = self._texts[source]
        if chance.random() > self._manner.trimmed and len(text.ids) <= TEXT:
            return 0, len(text.ids)
        edges = self._edges(source)
        at = bisect_right(text.starts, answer.start) - 1
        end = bisect_right(text.starts, answer.end - 1) - 1
        first = last = max(0, bisect_right([a for a, _ in edges], at) - 1)
        while last + 1 < len(edges) and edges[last][1] <= end:
            last += 1
        return self._grown(source, first, last, chance.randint(SHORTEST, LONGEST), chance)

    def _grown(
        self, source: int, first: int, last: int, room: int, chance: random.Random
    ) -> tuple[int, int]:
        """Return the tokens of some sentences and of their neighbours, while there is room."""
        edges = self._edges(source)
        while first > 0 or last + 1 < len(edges):
            left = first > 0 and (last + 1 == len(edges) or chance.random() < 0.5)
            new = (first - 1, last) if left else (first, last + 1)
            if edges[new[1]][1] - edges[new[0]][0] > room:
                break
            first, last = new
        return edges[first][0], edges[last][1]

    def _without(self, task: Task) -> tuple[int, int] | None:
        """Return the longer stretch before or after the sentences that hold an answer."""
        source = self._corpus.sources[task.source]
        words = [answer.casefold() for answer in task.answers if task.spans]
        held = [
            number
            for number, (a, b) in enumerate(source.sentences)
            if _label(TextSpan(a, b), task) or any(w in source.text[a:b].casefold() for w in words)
        ]
        if not held:
            return None
        edges = self._edges(task.source)
        before, after = (0, edges[held[0]][0]), (edges[held[-1]][1], edges[-1][1])
        longer = max(before, after, key=lambda window: window[1] - window[0])
        return longer if longer[1] - longer[0] >= SHORTEST // 2 else None

    def _edges(self, source: int) -> list[tuple[int, int]]:
        """Return the sentences of a passage in tokens."""
        return sentence_edges(self._texts[source], self._corpus.sources[source])


def sentence_edges(text: Tokens, source: Source) -> list[tuple[int, int]]:
    """Return the sentences of a passage in tokens."""
    cuts = [bisect_right(text.starts, a - 1) for a, _ in source.sentences]
    return list(zip(cuts, [*cuts[1:], len(text.starts)], strict=True))


def sentence_labels(source: Source, task: Task) -> list[int]:
    """Say of each sentence of a passage whether it answers."""
    return [_label(place, task) for place in source.sentences]


def _label(sentence: TextSpan, task: Task) -> int:
    """Say whether a sentence answers: it holds the words, or where none are marked is evidence."""
    if any(_shared(sentence, told) for told in task.spans or task.evidence):
        return 1
    aside = (*task.evidence, *task.aside)
    return UNTOLD if any(_shared(sentence, stretch) for stretch in aside) else 0


def _shared(sentence: TextSpan, told: TextSpan) -> bool:
    """Say whether most of one lies in the other."""
    common = min(sentence.end, told.end) - max(sentence.start, told.start)
    return 2 * common > min(sentence.end - sentence.start, told.end - told.start)


def worded(question: str, chance: random.Random) -> str:
    """Return a question as hasty people type it, now and then."""
    roll = chance.random()
    if roll < 0.06:
        kept = [w for w in question.rstrip("?").split() if w.casefold() not in FUNCTION_WORDS]
        return " ".join(kept) if len(kept) > 2 else question
    if roll < 0.12:
        words = question.split()
        long = [n for n, word in enumerate(words) if len(word) > 5 and word.isalpha()]
        if long:
            n = chance.choice(long)
            at = chance.randrange(1, len(words[n]) - 2)
            swapped = words[n][at + 1] + words[n][at]
            words[n] = words[n][:at] + swapped + words[n][at + 2 :]
            return " ".join(words)
    return question.rstrip("? ") if roll < 0.35 else question


def batches(pairs: Sequence[Pair], tokens: int, seed: str) -> list[list[Pair]]:
    """Group pairs of about the same length into batches of at most so many tokens."""
    chance = random.Random(seed)
    order = sorted(range(len(pairs)), key=lambda n: (pairs[n].length + chance.randint(0, 8), n))
    made: list[list[Pair]] = []
    batch: list[Pair] = []
    for n in order:
        longest = max(pairs[n].length, max((p.length for p in batch), default=0))
        if batch and 2 * longest * (len(batch) + 1) > tokens:
            made.append(batch)
            batch = []
        batch.append(pairs[n])
    made.append(batch)
    chance.shuffle(made)
    return made
