"""Questions and texts on which a compiled model is compared with its original.

Of several lengths, scripts and kinds, so that a tokenizer, a prompt or a pooling that was
not carried over shows.
"""

from __future__ import annotations

QUESTIONS = (
    "How much does the ferry cost?",
    "who repaired the clock of the town hall",
    "When does the library open on Sundays?",
    "Which error does the command print when the file is missing?",
    "Are dogs allowed?",
    "Why was the match called off?",
    "What is the maximum number of members?",
    "  Où se trouve la gare ?",
    "Wie viele Einwohner hat die Stadt?",
    "港は何時に開きますか。",
)

TEXTS = (
    "The ferry costs 4 euros, 2 euros for children; bicycles travel free of charge.",
    (
        "The clock of the town hall stood still for three years until Ida Brandt, a watchmaker "
        "from Lund, repaired it in the spring of 1958 and asked for nothing but her travel costs."
    ),
    (
        "Opening hours\nThe library opens at 10 a.m. from Monday to Saturday. On Sundays it opens "
        "at 1 p.m. and closes at 5 p.m. It is closed on public holidays."
    ),
    (
        "If the file does not exist, `convert` prints `E404: no such file` and ends with exit code "
        "2. Pass --create to have it made; existing files are never overwritten without --force."
    ),
    "Dogs are allowed on a lead in all parts of the garden except the rose beds.",
    (
        "The match between the two clubs was called off on Saturday after heavy rain had left the "
        "pitch under water. It will be played on 14 March, officials said, and tickets stay valid. "
        "Supporters who can't come on that day get their money back until the end of the month."
    ),
    "A group holds at most 250 members. Its owner can raise this to 1,000 in the settings.",
    "La gare se trouve à dix minutes à pied du centre, près du marché couvert.",
    "Die Stadt hat rund 84.000 Einwohner und liegt an beiden Ufern des Flusses.",
    "港は毎朝六時に開き、夜の九時に閉まります。冬の間は七時からです。",
    "Порт открыт круглый год, кроме двух недель в феврале.",
    "x = {'a': 1}\nfor key in x:\n    print(key)",
    "Yes.",
    "  A line that begins with blanks, and ENDS IN CAPITALS: NATO, S-400, COVID-19!",
    (
        " ".join(
            f"Article {n} says that member {n + 3} pays {n * 12} crowns on the {n}th of each month."
            for n in range(1, 9)
        )
    ),
)
