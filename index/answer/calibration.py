"""The constants by which passages are put in order and a confidence becomes a state.

Logistic regressions, fitted as ``make calibrate`` does (tests/measure/calibrate.py) to what
the default models make of questions that the reader did not learn from: people's own words on
articles of eight kinds, as one library and article by article, with off-topic questions; squad2
on held-out articles and halved, stackfaq and clapnq whole and halved, and small libraries of
held-out articles of squad-train.  Each weighs the same.

What they are worth is told of kinds that they weren't fitted to: each of the eight kinds decided
by constants fitted without it, the mean of the kinds, all articles together and each by itself:

    called answer, with the right sentence, of the answerable   0.55  0.63
    of what is called answer, right by sentence                 0.75  0.77
    called none, of the answerable                              0.01  0.00
    near misses called answer                                   0.14  0.16
    off topic called answer                                     0.00  0.00
    AUROC of the confidence against near misses                 0.85  0.87
    calibration error, right by sentence                        0.08  0.06
"""

from index.answer.signals import EvidenceWeights, LibraryWeights, RankingWeights, SentenceWeights

RANKING = RankingWeights(retrieval=1.0, cosine=1.0, context_cosine=0.54, evidence=0.25)
"""From a conditional logit of which passage answers, over the older sets with models before these.
With this embedding model a weight of 1 for the cosine, instead of the 0.24 that it gave, is better
on stackfaq (.946 and .942) and squad2 (.912 and .908) and makes no difference beyond noise on
people's own words (.812 and .816, each article by itself .860); fitted anew it costs own words a
point."""

ANSWER = 0.5
"""From this confidence on a passage is shown as an answer: it is more likely right than not."""

BY_LIBRARY = LibraryWeights(
    constant=-0.46,
    cosine=17.44,
    coverage=2.61,
    cosine_by_coverage=-2.73,
    phrase=2.0,
    evidence=0.64,
    size=-1.44,
)
"""For how sure it is that the library is about the question at all."""

BY_EVIDENCE = EvidenceWeights(
    constant=-1.07,
    evidence=0.51,
    passage_lead=0.09,
    sentence_lead=0.1,
    words=0.58,
    cosine_lead=3.38,
    missing_names=-0.29,
    identifiers=0.15,
    same_question=3.32,
)
"""For how sure it is that the sentence shown answers, where the library is about the question."""

NEAR = 0.08
"""Where the library is less likely than this to be about the question, nothing is shown: of
the answerable questions in people's own words 1 in 100 falls here, of the off-topic ones 8 or 9
in 10."""

BY_SENTENCES = SentenceWeights(
    constant=-6.14,
    cosine=0.13,
    sentence_cosine=7.8,
    coverage=4.67,
    cosine_by_coverage=-4.36,
    phrase=-0.32,
)
"""Without a reader, for how sure it is that the sentence shown answers."""

NONE = 0.03
"""Without a reader: below this confidence nothing is shown; of the answerable questions 3 in
100 fall here."""
