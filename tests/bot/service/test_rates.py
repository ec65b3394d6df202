"""How many questions a person may ask."""

from __future__ import annotations

from bot.service.rates import Rates


def test_the_share_of_a_minute_and_the_seconds_left() -> None:
    rates = Rates()
    assert [rates.wait("guild:1", 7, 2, now) for now in (0.0, 10.0)] == [0, 0]
    assert rates.wait("guild:1", 7, 2, 20.5) == 40
    assert rates.wait("guild:1", 7, 2, 59.9) == 1
    assert rates.wait("guild:1", 7, 2, 60.0) == 0
    assert rates.wait("guild:1", 7, 2, 60.0) == 10


def test_a_refused_question_does_not_count() -> None:
    rates = Rates()
    rates.wait("guild:1", 7, 1, 0.0)
    for now in range(1, 60):
        assert rates.wait("guild:1", 7, 1, float(now)) == 60 - now
    assert rates.wait("guild:1", 7, 1, 60.0) == 0


def test_people_and_servers_have_shares_of_their_own() -> None:
    rates = Rates()
    assert rates.wait("guild:1", 7, 1, 0.0) == 0
    assert rates.wait("guild:1", 8, 1, 0.0) == 0
    assert rates.wait("guild:2", 7, 1, 0.0) == 0


def test_those_who_stopped_asking_are_forgotten() -> None:
    rates = Rates()
    for person in range(1_001):
        rates.wait("guild:1", person, 1, 0.0)
    rates.wait("guild:1", 5_000, 1, 61.0)
    assert len(rates) == 1
