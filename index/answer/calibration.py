"""The constants by which passages are put in order and a confidence becomes a state.

Logistic regressions, fitted as ``make calibrate`` does (tests/measure/calibrate.py) to what
the default models make of questions that the reader did not learn from: people's own words on
articles of eight kinds, as one library and article by article, with off-topic questions; squad2
on held-out articles and halved, stackfaq and clapnq whole and halved, and small libraries of
held-out articles of squad-train.  Each weighs the same.

What they are worth is told of kinds that they weren't fitted to: each of the eight kinds decided
by constants fitted without it, the mean of the kinds, all articles together and each by itself:

    called answer, with the right sentence, of the answerable   0.52  0.60
    of what is called answer, right by sentence                 0.73  0.75
    called none, of the answerable                              0.01  0.00
    near misses called answer                                   0.14  0.15
    off topic called answer                                     0.00  0.00
    AUROC of the confidence against near misses                 0.85  0.88
    calibration error, right by sentence                        0.08  0.07
"""

from index.answer.signals import EvidenceWeights, LibraryWeights, RankingWeights, SentenceWeights

RANKING = RankingWeights(retrieval=1.0, cosine=0.24, context_cosine=0.54, evidence=0.25)
"""A conditional logit of which passage answers, over the older sets with the reader before this
one.  Fitted to them anew it is 1, -0.08, 0.91 and 0.23, which puts fewer right passages first on
people's own words (.825 against .850); other weights from there move nothing."""

ANSWER = 0.5
"""From this confidence on a passage is shown as an answer: it is more likely right than not."""

BY_LIBRARY = LibraryWeights(
    constant=0.04,
    cosine=15.46,
    coverage=2.54,
    cosine_by_coverage=-2.37,
    phrase=2.17,
    evidence=0.74,
    size=-1.39,
)
"""For how sure it is that the library is about the question at all."""

BY_EVIDENCE = EvidenceWeights(
    constant=-0.59,
    evidence=0.59,
    passage_lead=0.03,
    sentence_lead=0.08,
    words=0.68,
    cosine_lead=2.3,
    missing_names=-0.3,
    identifiers=0.18,
)
"""For how sure it is that the sentence shown answers, where the library is about the question."""

NEAR = 0.08
"""Where the library is less likely than this to be about the question, nothing is shown: of
the answerable questions in people's own words 1 in 100 falls here, of the off-topic ones 8 or 9
in 10."""

BY_SENTENCES = SentenceWeights(
    constant=-8.79,
    cosine=-0.2,
    sentence_cosine=11.67,
    coverage=7.72,
    cosine_by_coverage=-8.63,
    phrase=-0.12,
)
"""Without a reader, for how sure it is that the sentence shown answers."""

NONE = 0.03
"""Without a reader: below this confidence nothing is shown; of the answerable questions 3 in
100 fall here."""
