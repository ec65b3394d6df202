"""A passage that a span model has read: its score, its best sentence, and what is quoted of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from index.answer.calibration import RANKING
from index.answer.extent import extent, same_paragraph, steps
from index.answer.form import can_answer, suits
from index.answer.question import PreparedQuery
from index.answer.reader import sentences_of
from index.answer.signals import RankingGrounds, ranking_score
from index.language.terms import analyse
from index.models.spans import AnswerSpan, Evidence
from index.records import Quote, Ranked

WORDS = 1.5
"""What the share of the question's words counts beside the log odds in choosing a sentence."""

UNDECIDED = 2.0
"""How near in worth a sentence beside the best one is for both to be shown.

On people's own words 16 % of what is shown are two sentences then, the right one is among them
for 2 points more, and the overlap with what people marked falls by 1 (at 3.0: 27 %, 4, 2).
"""

_RANKING_ODDS = 5.0  # log odds beyond which a passage isn't ranked higher: no surer, only louder
MOST_ODDS = 8.0
"""The limit of log odds in a confidence."""

_NO_ANSWER = 20.0  # what a sentence that can't answer is put back by


@dataclass(frozen=True)
class ReadPassage:
    """A passage with its new score, what that was made of, and what the model found in it."""

    ranked: Ranked
    grounds: RankingGrounds
    evidence: Evidence
    question: PreparedQuery

    @classmethod
    def of(
        cls,
        question: PreparedQuery,
        ranked: Ranked,
        evidence: Evidence,
        room: float,
        context: float,
    ) -> ReadPassage:
        """Rank a passage; ``room`` is what the best cosine lacks of 1."""
        odds = within(evidence.odds, _RANKING_ODDS)
        grounds = RankingGrounds(
            retrieval=ranked.score,
            cosine=max(0.0, ranked.dense),
            context_cosine=max(0.0, context),
            # Counted from the least, so that no passage ends up behind one that was not read.
            evidence=room * (odds + _RANKING_ODDS),
        )
        sure = 1 / (1 + math.exp(-odds))
        scored = replace(ranked, score=ranking_score(RANKING, grounds), evidence=sure)
        return cls(scored, grounds, evidence, question)

    @property
    def odds(self) -> float:
        """The log odds that the passage answers, within limits."""
        return within(self.evidence.odds, MOST_ODDS)

    @cached_property
    def texts(self) -> Sequence[str]:
        """The sentences."""
        return sentences_of(self.ranked.passage)

    @cached_property
    def shares(self) -> Sequence[float]:
        """The share of the question's words that each sentence holds."""
        wanted = self.question.wanted
        most = max(1, len(wanted))
        return [len(wanted & set(analyse(text))) / most for text in self.texts]

    @cached_property
    def best(self) -> int:
        """Which sentence answers."""
        return max(range(len(self.texts)), key=self._worth)

    @cached_property
    def shown(self) -> tuple[int, int]:
        """The first and the last of the sentences shown: what the best one needs or may lose to."""
        first, last = self._whole
        if first < last:
            return first, last
        text, places = self.ranked.passage.text, self._places
        beside = [
            at
            for at in (first - 1, first + 1)
            if 0 <= at < len(places) and same_paragraph(text, places, min(at, first))
        ]
        rival = max(beside, key=self._worth, default=first)
        if self._worth(rival) < self._worth(first) - UNDECIDED:
            return first, first
        first, last = sorted((first, rival))
        return steps(text, places, first, last) or (first, last)

    @property
    def sentence_lead(self) -> float:
        """How far the log odds of the best sentence are ahead of those of any not shown."""
        first, last = self.shown
        others = [
            self.sentence_odds(at) for at in range(len(self.texts)) if not first <= at <= last
        ]
        return self.sentence_odds(self.best) - max(others, default=-MOST_ODDS)

    @cached_property
    def _places(self) -> Sequence[tuple[int, int]]:
        passage = self.ranked.passage
        return [(a - passage.start, b - passage.start) for a, b in passage.sentences]

    @cached_property
    def _whole(self) -> tuple[int, int]:
        """The list or steps around the best sentence where they are asked for, else itself."""
        return extent(self.question.text, self.ranked.passage.text, self._places, self.best)

    @property
    def best_odds(self) -> float:
        """The log odds of the best sentence with what its form speaks for or against it."""
        return within(self.sentence_odds(self.best) + self._form(self.best), MOST_ODDS)

    def _worth(self, at: int) -> float:
        form = self._form(at) if can_answer(self.texts[at]) else -_NO_ANSWER
        return self.sentence_odds(at) + WORDS * self.shares[at] + form

    def _form(self, at: int) -> float:
        return suits(self.question.text, self.texts[at])

    def sentence_odds(self, at: int) -> float:
        """Return the log odds of a sentence's likeliest words, within limits."""
        span = self._span(at)
        return within(span.odds, MOST_ODDS) if span else -MOST_ODDS

    def quote(self, *, marked: bool) -> Quote:
        """Return what is shown, its likeliest words marked if asked for, in a list none."""
        passage = self.ranked.passage
        first, last = self.shown
        base, span = passage.start, self._span(self.best)
        start, end = passage.sentences[first][0], passage.sentences[last][1]
        text = passage.text[start - base : end - base]
        quote = Quote(text, None, passage.article_id, start, end)
        # Of a list no words are marked; of two sentences those of the better one.
        if not marked or span is None or self._whole[0] < self._whole[1] or last > first + 1:
            return quote
        return replace(
            quote, marked=passage.text[span.start : span.end], marked_at=base + span.start
        )

    def _span(self, at: int) -> AnswerSpan | None:
        return self.evidence.spans[at]


def within(value: float, limit: float) -> float:
    """Return a value cut to ``limit`` on both sides of zero."""
    return max(-limit, min(limit, value))
