"""The cards, word for word, as people see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import cards
from bot.cards.custom_ids import MOST
from bot.cards.parts import AMBER, GREEN, GREY, RED, percent
from index.ingest import Added, Report
from index.records import Answer, Passage, Quote, Ranked, Threshold, Timing
from index.store.entries import Entry
from index.store.servers import ServerSettings
from tests.support.sent_cards import (
    buttons,
    check,
    colour,
    parts,
    said,
    texts,
)

TEXT = "In 2016 both sides signed in Goa. It is worth US$5.43 billion.\nDelivery began in 2021."
PASSAGE = Passage(
    id=7,
    article_id="s400",
    title="The S-400 deal",
    text=TEXT,
    start=1_000,
    end=1_000 + len(TEXT),
    sentences=(),
    section="History › Price",
    page=3,
    url="https://news.example/s-400",
    published="2017-09-28",
)
SECOND = Passage(8, "tax", "Taxes [2021]", "Nobody likes *taxes*.", 0, 21, ())
RANKED = Ranked(PASSAGE, 0.871, 0.61, 7.2, 0.4, 0.8, 0.25)
NEXT = Ranked(SECOND, 0.5, 0.3, 1.0, 0.1, 0.2, 0.0)
WORTH = "It is worth US$5.43 billion."
AT = 1_000 + TEXT.index(WORTH)
QUOTE = Quote(WORTH, "US$5.43 billion", "s400", AT, AT + 28, 1_000 + TEXT.index("US$"))
TIMING = Timing(10.0, 2.0, 3.0, 15.4)
ANSWER = Answer(
    "How much is it worth?",
    "answer",
    0.82,
    "similarity 0.61, and it holds every word of the question",
    QUOTE,
    (RANKED, NEXT),
    TIMING,
)
CLOSEST = Answer("Who signed?", "closest", 0.31, "similarity 0.40", None, (NEXT,), TIMING)
NONE = Answer("Cats?", "none", 0.02, "nothing in the library mentions “cats”", None, (), TIMING)
ENTRY = Entry(
    id="s400",
    title="The S-400 deal",
    source="https://news.example/s-400",
    origin=None,
    author="A. Writer",
    url="https://news.example/s-400",
    published="2017-09-28",
    passages=12,
    characters=8_310,
    added="2026-11-02T10:00:00+00:00",
    updated="2026-11-20T10:00:00+00:00",
)


def test_an_answer() -> None:
    card = cards.answer_card(ANSWER, reference="k3")
    assert texts(card) == [
        "-# Question: How much is it worth?\n### Answer",
        (
            "> In 2016 both sides signed in Goa. **It is worth __US$5.43 billion__.**\n"
            "> Delivery began in 2021."
        ),
        (
            "**The S-400 deal** · History › Price · page 3 · 28 September 2017 · [Open the article]"
            "(https://news.example/s-400#:~:text=It%20is%20worth%20US%245.43%20billion.)\n"
            "-# Confidence 82%, fairly sure · similarity 0.61, and it holds every word of the"
            " question"
        ),
    ]
    assert buttons(card) == [
        "[Previous] p1:prev:k3:0",
        "[1 of 2] p1:at:k3:0",
        "Next p1:next:k3:1",
        "Before / after p1:near:k3:0",
        "👍 p1:good:k3:0",
        "👎 p1:bad:k3:0",
    ]
    assert colour(card) == GREEN


def test_the_next_passage_of_an_answer_does_not_pose_as_the_answer() -> None:
    card = cards.answer_card(ANSWER, reference="k3", shown=1)
    assert texts(card) == [
        "-# Question: How much is it worth?\n### Another passage that comes near",
        "> Nobody likes \\*taxes\\*.",
        (
            "**Taxes \\[2021\\]**\n"
            "-# Confidence 82%, fairly sure · similarity 0.61, and it holds every word of the"
            " question"
        ),
    ]
    assert buttons(card)[:4] == [
        "Previous p1:prev:k3:0",
        "[2 of 2] p1:at:k3:1",
        "[Next] p1:next:k3:1",
        "Before / after p1:near:k3:1",
    ]
    assert colour(card) == GREY


def test_a_passage_beyond_the_last_is_the_last() -> None:
    assert said(cards.answer_card(ANSWER, reference="k3", shown=99)) == said(
        cards.answer_card(ANSWER, reference="k3", shown=1)
    )


def test_a_private_answer_can_be_shared() -> None:
    assert buttons(cards.answer_card(ANSWER, reference="k3", private=True))[-1] == (
        "Share p1:share:k3:0"
    )


def test_a_closest_passage() -> None:
    card = cards.answer_card(CLOSEST, reference="k3")
    assert texts(card) == [
        "-# Question: Who signed?\n### No passage clearly answers this; here is the closest",
        "> Nobody likes \\*taxes\\*.",
        "**Taxes \\[2021\\]**\n-# Confidence 31%, not sure · similarity 0.40",
    ]
    assert buttons(card) == [
        "Before / after p1:near:k3:0",
        "👍 p1:good:k3:0",
        "👎 p1:bad:k3:0",
    ]
    assert colour(card) == AMBER


def test_nothing_in_the_library() -> None:
    names = ["The S-400 deal", "Taxes [2021]", "a", "b", "c", "d", "e"]
    card = cards.answer_card(NONE, reference="k3", names=names, tell="Ask @Librarians to add it.")
    assert texts(card) == [
        "-# Question: Cats?\n### The library has nothing about this",
        (
            "You can ask about **The S-400 deal**, **Taxes \\[2021\\]**, **a**, **b**, **c**"
            " and 2 more.\n"
            "Ask \\@Librarians to add it.\n"
            "-# nothing in the library mentions “cats”"
        ),
    ]
    assert buttons(card) == ["Tell a manager p1:tell:k3"]
    assert colour(card) == RED


def test_an_empty_library() -> None:
    card = cards.answer_card(NONE, reference="k3", private=True)
    assert texts(card)[1].startswith("Should it be in here? Tell a manager.")
    assert buttons(card) == ["Tell a manager p1:tell:k3", "Share p1:share:k3:0"]


def test_words_of_another_article_are_not_marked() -> None:
    elsewhere = Quote("x", None, "tax", 1_003, 1_009)
    answer = Answer("q", "answer", 0.9, "r", elsewhere, (RANKED,), TIMING)
    assert "**" not in texts(cards.answer_card(answer, reference="k3"))[1]


def test_an_answer_whose_question_is_not_kept() -> None:
    unkept = replace(ANSWER, question="", reason="")
    told = texts(cards.answer_card(unkept, reference="k3"))
    assert told[0] == "### Answer"
    assert told[2].endswith("\n-# Confidence 82%, fairly sure")


def test_a_passage_that_is_gone_leaves_the_others_to_be_seen() -> None:
    card = cards.answer_card(ANSWER, reference="k3", left=[None, NEXT])
    assert said(card) == (
        "-# Question: How much is it worth?\n"
        "The article of this passage has been changed or removed since."
        " Ask again to see what is there now."
    )
    assert buttons(card) == [
        "[Previous] p1:prev:k3:0",
        "[1 of 2] p1:at:k3:0",
        "Next p1:next:k3:1",
    ]
    card = cards.answer_card(ANSWER, reference="k3", left=[None, NEXT], shown=1)
    assert texts(card)[1] == "> Nobody likes \\*taxes\\*."


def test_a_button_whose_article_is_gone() -> None:
    assert said(cards.changed_card("changed", title="A *b*")) == (
        "**A \\*b\\*** has been changed since. Ask again to see what it says now."
    )
    assert said(cards.changed_card("removed", title="A", reference="r1")) == (
        "**A** has been removed since. Ask again to see what else there is.\n-# Reference r1"
    )
    assert said(cards.changed_card()).startswith("The article of this passage has been changed or")


def test_the_text_before_and_after() -> None:
    assert texts(cards.neighbours_card(SECOND, "Before it.", ""))[1:] == [
        "**Before**\n> Before it.",
        "**The passage**\n> Nobody likes \\*taxes\\*.",
        "**After**\nThe article ends with this passage.",
    ]
    card = cards.neighbours_card(SECOND, "word " * 900 + "next to it", " ")
    assert texts(card)[1].startswith("**Before**\n> … word")
    assert texts(card)[1].endswith("word next to it")


def test_why_tells_that_votes_moved_what_an_answer_needs() -> None:
    card = cards.why_card(replace(ANSWER, threshold=Threshold(0.43, votes=1_024)))
    assert texts(card)[1].startswith(
        "An answer needs a confidence of 0.43 here, moved from 0.50 by 1,024 votes; this one has"
    )


def test_why() -> None:
    card = cards.why_card(ANSWER)
    assert texts(card) == [
        (
            "-# Question: How much is it worth?\n### Why this is shown as an answer\n"
            "-# Confidence 82%, fairly sure · similarity 0.61, and it holds every word of the"
            " question"
        ),
        (
            "An answer needs a confidence of 0.50; this one has 0.82. Where the library is about"
            " something else altogether, nothing is shown."
        ),
        (
            "1\\. **The S-400 deal** · History › Price · page 3\n"
            "-# score 0.871 · cosine 0.610 · BM25 7.2 · match by words 40% · words of the question"
            " held 80% · in the same order 25%\n"
            "2\\. **Taxes \\[2021\\]**\n"
            "-# score 0.500 · cosine 0.300 · BM25 1.0 · match by words 10% · words of the question"
            " held 20% · in the same order 0%"
        ),
        "-# Took 15 ms.",
    ]


def test_search_results() -> None:
    card = cards.search_card("tax", [NEXT] * 6 + [RANKED], key="q9", page=1)
    assert texts(card) == [
        "### 7 passages for “tax”\n-# The best match comes first.",
        (
            "6\\. **Taxes \\[2021\\]**\n> Nobody likes \\*taxes\\*.\n"
            "-# score 0.500 · cosine 0.300 · BM25 1.0"
        ),
        (
            "7\\. **The S-400 deal** · History › Price · page 3 · 28 September 2017 ·"
            " [Open the article](https://news.example/s-400#:~:text="
            "In%202016%20both%20sides%20signed%20in,Delivery%20began%20in%202021.)\n"
            "> In 2016 both sides signed in Goa. It is worth US$5.43 billion.\n"
            "> Delivery began in 2021.\n"
            "-# score 0.871 · cosine 0.610 · BM25 7.2"
        ),
    ]
    assert buttons(card) == [
        "Previous p1:sprev:q9:0",
        "[2 of 2] p1:sat:q9:1",
        "[Next] p1:snext:q9:1",
    ]


def test_a_search_that_finds_nothing() -> None:
    assert said(cards.search_card("x", [], key="q9", article="Taxes")) == (
        "### 0 passages for “x”\nNothing found in **Taxes**. Try other words, or ask a question."
    )


def test_the_list_of_articles() -> None:
    card = cards.articles_card([ENTRY] * 11, page=1, shared=4)
    assert said(card) == (
        "### 11 articles in the library\n"
        "- **The S-400 deal** · 12 passages · 28 September 2017\n"
        "-# 4 more articles can be asked about everywhere."
    )
    assert buttons(card) == ["Previous p1:lprev:0", "[2 of 2] p1:lat:1", "[Next] p1:lnext:1"]
    assert said(cards.articles_card([])) == (
        "### The library is empty\nNo articles yet. A manager can add one with **/article add**."
    )


def test_an_article() -> None:
    assert texts(cards.article_card(ENTRY, TEXT)) == [
        (
            "### The S-400 deal\n"
            "Author: A. Writer\n"
            "Published: 28 September 2017\n"
            "Source: https\\:\\/\\/news\\.example\\/s-400\n"
            "Added: 2 November 2026\n"
            "Changed: 20 November 2026\n"
            "-# 12 passages · 8,310 characters"
        ),
        (
            "**How it begins**\n"
            "> In 2016 both sides signed in Goa. It is worth US$5.43 billion.\n"
            "> Delivery began in 2021."
        ),
        "[Open the article](https://news.example/s-400)",
    ]


def test_removing_asks_first() -> None:
    card = cards.remove_card(ENTRY)
    assert said(card) == (
        "Remove **The S-400 deal** (12 passages) from the library?\n"
        "It will no longer be used for answers. This can't be undone."
    )
    assert buttons(card) == ["Yes, remove it p1:remove:s400", "No, keep it p1:keep:s400"]


def test_adding_waits_its_turn() -> None:
    assert said(cards.queued_card(1)) == "### Waiting to add your articles\n1 request comes first."


def test_progress() -> None:
    assert said(cards.progress_card("Taxes", 0, 0)) == "### Adding articles\n**Taxes**\nReading …"
    assert said(cards.progress_card("Taxes", 50, 200, number=2, of=5)) == (
        "### Adding articles (2 of 5)\n**Taxes**\n▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱▱▱▱ 50 of 200 passages"
    )


def test_the_report_of_adding() -> None:
    report = Report(
        [
            Added("added", "a", "Scans", 3, tuple(range(1, 14)), ("a", "b", "c", "d")),
            Added("added", "b", "Good", 1),
            Added("replaced", "c", "Newer", 2),
            Added("duplicate", "d", "Copy", twin="b"),
            Added("unchanged", "e", "Old"),
        ],
        ["https://a.example answers with 404."],
    )
    card = cards.report_card(report)
    assert texts(card) == [
        (
            "### Done, but not everything worked\n"
            "2 added, 1 replaced, 1 unchanged, 1 skipped, 1 failed · 6 new passages"
        ),
        "**Failed**\n- https\\:\\/\\/a\\.example answers with 404.",
        (
            "**Added**\n"
            "- Scans: 3 passages\n"
            "  - pages without text: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more\n"
            "  - a\n  - b\n  - c\n  - and 1 more\n"
            "- Good: 1 passage"
        ),
        "**Replaced**\n- Newer: 2 passages",
        "**Skipped, the text is here already**\n- Copy, same as b",
        "**Unchanged**\n- Old",
    ]
    assert colour(card) == AMBER


def test_a_long_report_is_cut() -> None:
    report = Report([Added("added", str(n), f"Article {n}", 1) for n in range(500)])
    assert texts(cards.report_card(report))[1].endswith("- Article 40: 1 passage\n… and 459 more")
    assert colour(cards.report_card(report)) == GREEN


def test_a_report_of_nothing() -> None:
    assert said(cards.report_card(Report())) == (
        "### Nothing was added\nNothing to do · 0 new passages"
    )
    assert colour(cards.report_card(Report(errors=["It is empty."]))) == RED


def test_settings() -> None:
    card = cards.settings_card(
        ServerSettings(
            11, frozenset({22, 21}), private_by_default=True, per_minute=7, keep_questions_days=0
        )
    )
    selects = [part for part in parts(card) if part["type"] in {3, 6, 8}]
    assert [(s["custom_id"], s.get("default_values")) for s in selects] == [
        ("p1:role", [{"id": "11", "type": "role"}]),
        ("p1:channels", [{"id": "21", "type": "channel"}, {"id": "22", "type": "channel"}]),
        ("p1:rate", None),
        ("p1:days", None),
    ]
    offered = [[o["label"] + " ✓" * o["default"] for o in s["options"]] for s in selects[2:]]
    assert offered == [
        [
            "2 questions",
            "5 questions",
            "7 questions ✓",
            "10 questions",
            "20 questions",
            "60 questions",
        ],
        ["Not at all ✓", "7 days", "30 days", "90 days", "365 days"],
    ]
    assert buttons(card) == ["Show answers to everyone p1:private:0"]
    assert said(card).endswith("only the person who asks, until they share it.")


def test_settings_untouched() -> None:
    card = cards.settings_card(ServerSettings())
    check(card)
    assert said(card) == (
        "### Settings\n"
        "**Who manages the library**, beside those who manage the server\n"
        "**Where I answer without being asked**, when I have a clear answer\n"
        "**How many questions a minute** each person may ask\n"
        "**How long questions are kept**\n"
        "**Who sees the answers to /ask**: everyone."
    )
    assert buttons(card) == ["Make answers private p1:private:1"]


def test_help() -> None:
    everyone, manager = said(cards.help_card()), said(cards.help_card(manager=True))
    assert "**/ask** answers a question in the words of the library's articles." in everyone
    assert "/settings" not in everyone
    assert "**/settings show** chooses who manages the library" in manager


def test_privacy() -> None:
    card = cards.privacy_card(questions=3, searches=2, ratings=1, articles=2, days=90)
    assert said(card) == (
        "### What is kept about you\n"
        "3 questions, 2 searches, 1 rating (👍 or 👎), and 2 articles of your own.\n"
        "Questions and searches are kept for 90 days, then deleted.\n"
        "Nobody on another server sees them."
    )
    assert buttons(card) == ["Send me everything p1:data", "Forget me p1:forget"]
    unkept = said(cards.privacy_card(questions=0, ratings=0, days=0))
    assert "Questions and searches are not kept here: their buttons work" in unkept
    assert buttons(cards.forget_card()) == [
        "Yes, forget me p1:forgetyes",
        "No, keep them p1:forgetno",
    ]


def test_a_sentence_with_its_reference() -> None:
    card = cards.sentence_card("No article “a_b”; /article list shows all.", reference="7f3a")
    assert said(card) == ("No article “a\\_b”; \\/article list shows all.\n-# Reference: 7f3a")
    assert colour(card) == RED
    assert colour(cards.sentence_card("Removed.", tone="fine")) == GREEN


def test_while_the_models_are_made() -> None:
    told = "Getting ready, about a minute; your answer follows."
    assert said(cards.getting_ready_card()) == told


def test_a_mention_without_a_question() -> None:
    assert said(cards.howto_card()) == (
        "Ask me a question in the same message, and I look for the passage that answers it.\n"
        "-# **/help** tells more."
    )


@pytest.mark.parametrize(
    ("confidence", "told"), [(0.0, "1%"), (0.305, "30%"), (0.999, "99%"), (1.0, "99%")]
)
def test_a_confidence_never_claims_certainty(confidence: float, told: str) -> None:
    assert percent(confidence) == told


def test_discord_py_keeps_no_card_in_memory() -> None:
    # It stores every view that isn't finished, those without a time-out for ever.
    assert cards.help_card().is_finished()


def test_a_list_longer_than_custom_ids_can_count_still_shows() -> None:
    card = cards.articles_card([ENTRY] * (MOST + 5) * 10, page=10**9)
    check(card)
    assert f"[{MOST + 1} of {MOST + 5}] p1:lat:{MOST}" in buttons(card)
