"""The constants by which a confidence is computed and turned into a state.

Fitted by ``make calibrate`` (tests/measure/calibrate.py) to the passages that the default
model puts first, on squad2 whole and halved, stackfaq and clapnq whole and halved with
off-topic questions, and fifty small libraries of squad-train, all weighing the same.
Taken before misspelt words were respelt, which changes few of these questions.
AUROC of answerable against not, and calibration error (in brackets: fitted without the set):

    squad2, half of them adversarial near misses   0.660   0.188 (0.271)
    squad2 halved, other half and small talk       0.994   0.036 (0.038)
    stackfaq with off-topic questions              0.998   0.067 (0.082)
    stackfaq halved, other half                    0.955   0.078 (0.084)
    clapnq with near misses and off-topic          0.987   0.037 (0.041)
    clapnq halved, other half                      0.998   0.115 (0.120)
    small libraries of 6 passages, near misses     0.946   0.038 (0.041)
    small libraries of 20 passages, near misses    0.938   0.021 (0.028)
"""

WEIGHTS = (-11.27, 3.79, 13.4, 7.7, -9.76, 0.87)
"""Of the constant; the cosines of the passage and of its nearest sentence; the share of the
question's words that the passage holds; the higher cosine times that share; and the share of
the question's pairs of neighbouring words."""

ANSWER = 0.5
"""From this confidence on an answer is called one: it is more likely right than not."""

NONE = 0.06
"""Below this confidence nothing is shown: of the answerable questions 2 to 4 in 100 fall here,
of the off-topic ones 9 in 10."""
