"""The constants by which a confidence is computed and turned into a state.

Logistic regressions, fitted as ``make calibrate`` does (tests/measure/calibrate.py) to what
the default models make of questions that the reader did not learn from: squad2 on held-out
articles and halved, stackfaq and clapnq whole and halved with off-topic questions, and small
libraries of held-out articles of squad-train, all weighing the same.

``BY_SPANS`` was fitted with the reader of 2,700 steps; with the present one, served in int8, its
calibration error over all sets of ``make eval`` is 0.019, so it was kept.  When fitted, AUROC of
answerable against near misses and against off-topic questions, and calibration error (in
brackets: fitted without the set):

    squad2, half of them adversarial near misses   0.722   -       0.174 (0.260)
    squad2 halved, other half and small talk       -       0.998   0.043 (0.045)
    stackfaq with off-topic questions              -       0.998   0.087 (0.120)
    stackfaq halved, other half                    -       0.934   0.089 (0.093)
    clapnq with near misses and off-topic          0.907   0.998   0.041 (0.038)
    clapnq halved, other half                      -       0.988   0.100 (0.117)
    small libraries of 6 passages, near misses     -       0.960   0.011 (0.021)
    all together                                                   0.007

No one curve is right for a library of which every second question is a trap (squad2) and for
one of which none is: the errors of single sets are that, not noise.
"""

ANSWER = 0.5
"""From this confidence on an answer is called one: it is more likely right than not."""

BY_SPANS = (-6.9, 12.99, 2.79, -5.43, 0.3, 1.03)
"""Of the constant; the cosine of the passage; the share of the question's words that it holds;
both multiplied; the share of the question's pairs of neighbouring words; and the reader's log
odds times what the cosine lacks of 1."""

BY_NEARNESS = (-8.85, 13.86, 3.5, 3.33, 1.52)
"""The same without the reader's, for how sure it is that the library is about the question."""

NEAR = 0.08
"""Where this and the confidence are below, nothing is shown: of the answerable questions 1 in
100 falls here, of the off-topic ones 9 in 10."""

BY_SENTENCES = (-11.27, 3.79, 13.4, 7.7, -9.76, 0.87)
"""Without a reader: of the constant; the cosines of the passage and of its nearest sentence; the
share of the question's words that the passage holds; the higher cosine times that share; and the
share of the question's pairs of neighbouring words.  AUROC on squad2 0.660, calibration errors
from 0.02 (small libraries) to 0.19 (squad2)."""

NONE = 0.06
"""Without a reader: below this confidence nothing is shown; of the answerable questions 2 to 4
in 100 fall here, of the off-topic ones 9 in 10."""
