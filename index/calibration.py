"""The constants by which a confidence is computed and turned into a state.

Fitted by ``make calibrate`` (tests/measure/calibrate.py) to the passages that the default
model puts first, on squad2 whole and halved, stackfaq and clapnq whole and halved with
off-topic questions, and fifty small libraries of squad-train, all weighing the same.
AUROC of answerable against not, and calibration error (in brackets: fitted without the set):

    squad2, half of them adversarial near misses   0.644   0.179 (0.259)
    squad2 halved, other half and small talk       0.992   0.046 (0.049)
    stackfaq with off-topic questions              0.998   0.086 (0.103)
    stackfaq halved, other half                    0.944   0.089 (0.093)
    clapnq with near misses and off-topic          0.988   0.050 (0.058)
    clapnq halved, other half                      0.989   0.093 (0.105)
    small libraries of 6 passages, near misses     0.944   0.060 (0.066)
    small libraries of 20 passages, near misses    0.931   0.016 (0.021)
"""

WEIGHTS = (-6.98, 10.16, 3.39, -1.34)
"""Constant; weight of the cosine, of the share of words held, and of their product."""

ANSWER = 0.5
"""From this confidence on an answer is called one: it is more likely right than not."""

NONE = 0.1
"""Below this confidence nothing is shown: about 3 in 100 answerable questions fall here,
and 9 in 10 off-topic ones."""
