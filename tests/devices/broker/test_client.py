"""Waits between attempts and lines in the log: bounded on both sides, whatever happened before."""

import pytest

from devices.broker.client import FIRST, JITTER, KINDS, LONGEST, LONGEST_UNWELCOME, SILENCE_SECONDS, Complaints, Pace


def test_a_broker_that_was_away_for_long_is_asked_every_few_seconds() -> None:
    pace = Pace()
    waits = [pace.next_wait(0, is_unwelcome=False) for _ in range(200)]
    assert max(waits) <= 5, "found within five seconds of its return"
    assert min(waits[4:]) >= 3 * (1 - JITTER), "and not hammered"
    assert waits[0] <= FIRST * (1 + JITTER)
    assert len({round(wait, 6) for wait in waits[10:]}) > 100, "not all clients at once"


def test_one_that_turns_us_away_is_asked_ever_less() -> None:
    pace = Pace()
    waits = [pace.next_wait(0, is_unwelcome=True) for _ in range(20)]
    assert LONGEST_UNWELCOME * (1 - JITTER) <= waits[-1] <= LONGEST_UNWELCOME * (1 + JITTER)
    assert pace.next_wait(0, is_unwelcome=False) <= LONGEST * (1 + JITTER), "it was restarted: soon again"


@pytest.mark.parametrize(("lasted", "is_steady"), [(9.9, False), (10.0, True), (86_400.0, True)])
def test_only_a_connection_that_held_makes_the_next_wait_short(lasted: float, is_steady: bool) -> None:
    pace = Pace()
    for _ in range(10):
        pace.next_wait(0, is_unwelcome=False)
    assert (pace.next_wait(lasted, is_unwelcome=False) <= FIRST * (1 + JITTER)) is is_steady


def test_a_fault_is_told_once_and_again_after_a_while() -> None:
    complaints = Complaints()
    news = [complaints.is_news("refused", at) for at in (0.0, 1.0, SILENCE_SECONDS - 1, SILENCE_SECONDS)]
    assert news == [True, False, False, True]
    assert complaints.is_news("silent", 1.0), "another fault is news"
    complaints.forget()
    assert complaints.is_news("silent", 2.0), "and so is one after it was well"


def test_what_was_complained_of_is_bounded() -> None:
    complaints = Complaints()
    assert all(complaints.is_news(str(number), 0.0) for number in range(10 * KINDS))
    assert len(complaints._last) <= KINDS
