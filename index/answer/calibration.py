"""The constants by which passages are put in order and a confidence becomes a state.

Logistic regressions, fitted as ``make calibrate`` does (tests/measure/calibrate.py) to what
the default models make of questions that the reader did not learn from: squad2 on held-out
articles and halved, stackfaq and clapnq whole and halved with off-topic questions, and small
libraries of held-out articles of squad-train, all weighing the same.

AUROC of answerable against all other questions, and calibration error (in brackets: with
constants fitted without the set), with the reader:

    squad2, half of them adversarial near misses   0.767   0.162 (0.262)
    squad2 halved, other half and small talk       0.998   0.032 (0.036)
    stackfaq with off-topic questions              0.998   0.071 (0.088)
    stackfaq halved, other half                    0.941   0.079 (0.090)
    clapnq with near misses and off-topic          0.988   0.019 (0.021)
    clapnq halved, other half                      0.989   0.102 (0.125)
    small libraries of 6 passages, near misses     0.973   0.035 (0.043)
    small libraries of 20 passages, near misses    0.960   0.024 (0.030)

No one curve is right for a library of which every second question is a trap (squad2) and for
one of which none is: the errors of single sets are that, not noise.
"""

from index.answer.signals import RankingWeights, RetrievalWeights, SentenceWeights, SpanWeights

RANKING = RankingWeights(retrieval=1.0, cosine=0.24, context_cosine=0.54, evidence=0.25)
"""A conditional logit of which passage answers, over all questions of these sets; of 1,200 a
set, as ``make calibrate`` asks, 1, 0.18, 0.65 and 0.22."""

ANSWER = 0.5
"""From this confidence on a passage is shown as an answer: it is more likely right than not."""

BY_SPANS = SpanWeights(
    constant=-7.82,
    cosine=11.79,
    coverage=3.71,
    cosine_by_coverage=-4.31,
    phrase=0.66,
    missing_words=0.37,
    evidence=0.98,
    missing_names=-0.56,
)
"""For how sure it is that the best passage answers."""

BY_NEARNESS = RetrievalWeights(
    constant=-10.01,
    cosine=20.5,
    coverage=6.19,
    cosine_by_coverage=-10.01,
    phrase=3.79,
    missing_words=-0.33,
)
"""For how sure it is that the library is about the question at all."""

NEAR = 0.08
"""Where this and the confidence are below, nothing is shown: of the answerable questions 1 in
100 falls here, of the off-topic ones 9 in 10."""

BY_SENTENCES = SentenceWeights(
    constant=-11.16,
    cosine=3.2,
    sentence_cosine=13.67,
    coverage=7.6,
    cosine_by_coverage=-9.49,
    phrase=0.81,
)
"""Without a reader.  AUROC on squad2 0.667, calibration errors from 0.03 (small libraries) to
0.18 (squad2)."""

NONE = 0.06
"""Without a reader: below this confidence nothing is shown; of the answerable questions up to 3
in 100 fall here, of the off-topic ones 9 in 10."""
