"""A passage that a span model has read: its score, its best sentence, and what is quoted of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from index.answer.calibration import RANKING
from index.answer.extent import extent
from index.answer.form import can_answer, suits
from index.answer.question import PreparedQuery
from index.answer.reader import sentences_of
from index.answer.signals import RankingGrounds, ranking_score
from index.language.terms import analyse
from index.models.spans import AnswerSpan, Evidence
from index.records import Quote, Ranked

WORDS = 1.5
"""What the share of the question's words counts beside the log odds in choosing a sentence."""

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

        def worth(at: int) -> float:
            text = self.texts[at]
            form = suits(self.question.text, text) if can_answer(text) else -_NO_ANSWER
            return self.sentence_odds(at) + WORDS * self.shares[at] + form

        return max(range(len(self.texts)), key=worth)

    @property
    def sentence_lead(self) -> float:
        """How far the log odds of the best sentence are ahead of those of any other."""
        others = [self.sentence_odds(at) for at in range(len(self.texts)) if at != self.best]
        return self.sentence_odds(self.best) - max(others, default=-MOST_ODDS)

    def sentence_odds(self, at: int) -> float:
        """Return the log odds of a sentence's likeliest words, within limits."""
        span = self._span(at)
        return within(span.odds, MOST_ODDS) if span else -MOST_ODDS

    def quote(self, *, marked: bool) -> Quote:
        """Return what is shown, in one sentence its likeliest words marked if they are to be."""
        passage = self.ranked.passage
        places = [(a - passage.start, b - passage.start) for a, b in passage.sentences]
        first, last = extent(self.question.text, passage.text, places, self.best)
        start, end = places[first][0], places[last][1]
        base, span = passage.start, self._span(self.best)
        quote = Quote(passage.text[start:end], None, passage.article_id, base + start, base + end)
        if not marked or span is None or first < last:
            return quote
        return replace(
            quote, marked=passage.text[span.start : span.end], marked_at=base + span.start
        )

    def _span(self, at: int) -> AnswerSpan | None:
        return self.evidence.spans[at]


def within(value: float, limit: float) -> float:
    """Return a value cut to ``limit`` on both sides of zero."""
    return max(-limit, min(limit, value))
