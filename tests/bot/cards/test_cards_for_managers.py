"""The cards of what was asked in vain, and of the file of what is kept about somebody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.cards.missed import missed_card
from bot.cards.privacy import export_card
from index.store.feedback import Complaint, Missed
from tests.loopback.component_rules import check_message_components
from tests.support.sent_cards import check, payload, said

LAST = 1_790_000_000
TEXT = st.text(max_size=600)


def missed(question: str, *complaints: Complaint, times: int = 1) -> Missed:
    return Missed(question, times, LAST, "a", "none", complaints)


def test_what_was_asked_in_vain_is_told_with_what_people_said_of_it() -> None:
    wrong = Complaint("wrong", "it says 5, not 6", LAST)
    card = missed_card([missed("Who is **Bo**?", wrong, times=3), missed("When?")], days=90)
    assert said(card).splitlines() == [
        "### Asked in vain",
        "-# Within 90 days, most often first.",
        r"- Who is \*\*Bo\*\*?",
        "  - 3 times · nothing found · last on 21 September 2026",
        "  - 👎 wrong: it says 5, not 6",
        "- When?",
        "  - 1 time · nothing found · last on 21 September 2026",
    ]
    check(card)


def test_nothing_to_tell_is_told() -> None:
    assert said(missed_card([], days=90)) == "No question was asked in vain."
    told = said(missed_card([missed("When?")], days=0))
    assert told == "Questions are not kept here, so none can be shown."


@given(
    st.lists(
        st.builds(
            Missed,
            TEXT,
            st.integers(1, 10**6),
            st.just(LAST),
            st.just("a"),
            st.sampled_from(["answer", "closest", "none"]),
            st.lists(
                st.builds(Complaint, st.sampled_from([None, "wrong"]), TEXT, st.just(LAST)),
                max_size=5,
            ).map(tuple),
        ),
        max_size=25,
    )
)
def test_whatever_people_wrote_is_within_discords_limits(found: list[Missed]) -> None:
    card = missed_card(found, days=90)
    check(card)
    assert "@everyone" not in said(card)


def test_the_file_is_shown_where_it_is_attached() -> None:
    card = export_card("passage-data.json")
    check_message_components(payload(card), v2=True, files=frozenset({"passage-data.json"}))
