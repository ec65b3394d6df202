"""The constants by which a confidence is computed and turned into a state.

Logistic regressions, fitted as ``make calibrate`` does (tests/measure/calibrate.py) to what
the default models make of questions that the reader did not learn from: squad2 on held-out
articles and halved, stackfaq and clapnq whole and halved with off-topic questions, and small
libraries of held-out articles of squad-train, all weighing the same.

AUROC of answerable against all other questions, and calibration error (in brackets: with
constants fitted without the set), with the reader:

    squad2, half of them adversarial near misses   0.755   0.171 (0.262)
    squad2 halved, other half and small talk       0.997   0.030 (0.032)
    stackfaq with off-topic questions              0.999   0.076 (0.097)
    stackfaq halved, other half                    0.945   0.076 (0.087)
    clapnq with near misses and off-topic          0.988   0.021 (0.023)
    clapnq halved, other half                      0.989   0.109 (0.131)
    small libraries of 6 passages, near misses     0.971   0.028 (0.030)
    small libraries of 20 passages, near misses    0.953   0.036 (0.044)

No one curve is right for a library of which every second question is a trap (squad2) and for
one of which none is: the errors of single sets are that, not noise.
"""

ANSWER = 0.5
"""From this confidence on an answer is called one: it is more likely right than not."""

BY_SPANS = (-6.85, 12.04, 2.77, -4.46, 0.51, 0.99)
"""Of the constant; the cosine of the passage; the share of the question's words that it holds;
both multiplied; the share of the question's pairs of neighbouring words; and the reader's log
odds times what the cosine lacks of 1."""

BY_NEARNESS = (-10.96, 20.06, 7.14, -9.93, 3.83)
"""The same without the reader's, for how sure it is that the library is about the question."""

NEAR = 0.08
"""Where this and the confidence are below, nothing is shown: of the answerable questions 1 in
100 falls here, of the off-topic ones 9 in 10."""

BY_SENTENCES = (-11.16, 3.2, 13.67, 7.6, -9.49, 0.81)
"""Without a reader: of the constant; the cosines of the passage and of its nearest sentence; the
share of the question's words that the passage holds; the higher cosine times that share; and the
share of the question's pairs of neighbouring words.  AUROC on squad2 0.667, calibration errors
from 0.03 (small libraries) to 0.18 (squad2)."""

NONE = 0.06
"""Without a reader: below this confidence nothing is shown; of the answerable questions up to 3
in 100 fall here, of the off-topic ones 9 in 10."""
