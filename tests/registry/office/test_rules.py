"""The one-time code and the first steps, as tables."""

from datetime import datetime, timedelta

import pytest

from registry.office.rules import (
    ALPHABET,
    MAIL_PASSWORD,
    MAIL_SERVER,
    FirstStep,
    StepState,
    StoredSetting,
    attempts_left,
    history_words,
    is_password_asked,
    pause_left,
    plain_code,
    spaced_code,
    step_state,
)
from tests.make import NOW


def test_a_code_has_no_sign_that_reads_like_another() -> None:
    assert not set("IO01") & set(ALPHABET)
    assert len(ALPHABET) == 32
    assert spaced_code("K7TM42XP") == "K7TM-42XP"


@pytest.mark.parametrize(
    ("typed", "plain"), [("k7tm-42xp", "K7TM42XP"), (" K7TM 42XP\n", "K7TM42XP"), ("", ""), ("x" * 90, "X" * 40)]
)
def test_a_code_is_read_as_it_was_meant(typed: str, plain: str) -> None:
    assert plain_code(typed) == plain


@pytest.mark.parametrize(
    ("attempts", "attempted_at", "seconds"),
    [
        (0, None, 0), (0, NOW, 0), (4, NOW, 0), (5, NOW, 60), (5, NOW - timedelta(seconds=59), 2),
        (5, NOW - timedelta(seconds=60), 0), (6, NOW, 0), (10, NOW - timedelta(seconds=10), 51),
        (5, NOW + timedelta(days=1), 60),
    ],
)  # fmt: skip
def test_after_five_wrong_codes_comes_a_pause(attempts: int, attempted_at: datetime | None, seconds: int) -> None:
    assert pause_left(attempts, attempted_at, NOW) == seconds


@pytest.mark.parametrize(("attempts", "left"), [(1, 4), (4, 1), (5, 0), (6, 4), (10, 0)])
def test_how_many_may_still_be_tried(attempts: int, left: int) -> None:
    assert attempts_left(attempts) == left


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (step_state(FirstStep.ROOMS, 1, ()), True),
        (step_state(FirstStep.ROOMS, 2, ()), False),
        (step_state(FirstStep.ROOMS, 1, ("rooms",)), False),
        (step_state(FirstStep.LABELS, 0, ("rooms",)), True),
        (step_state(FirstStep.BROKER, 1, (), is_blocked=True), True),
    ],
)
def test_a_step_is_open_until_it_is_done_or_put_off(state: StepState, is_open: bool) -> None:
    assert state.is_open == is_open


def test_what_is_blocked_is_not_done() -> None:
    state = step_state(FirstStep.BROKER, 1, (), is_blocked=True)
    assert (state.is_done, state.is_blocked) == (False, True)


PLAIN, OTHER, SECRET, CHANGED = (
    StoredSetting("a"), StoredSetting("b"), StoredSetting("gAAA1", True), StoredSetting("gAAA2", True)
)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, PLAIN, (None, "a")), (PLAIN, OTHER, ("a", "b")), (PLAIN, None, ("a", None)), (None, None, (None, None)),
        (None, SECRET, (None, "set")), (SECRET, CHANGED, ("set", "changed")), (SECRET, None, ("set", None)),
    ],
)  # fmt: skip
def test_the_history_says_of_a_secret_that_it_changed(
    before: StoredSetting | None, after: StoredSetting | None, words: tuple[str | None, str | None]
) -> None:
    assert history_words(before, after) == words


STORED = dict.fromkeys(MAIL_SERVER, "x") | {MAIL_PASSWORD: "gAAA"}
NO_SERVER = {"smtp_port": "25", MAIL_PASSWORD: "gAAA"}


@pytest.mark.parametrize(
    ("stored", "changes", "is_asked"),
    [
        (STORED, {"smtp_host": "y"}, True), (STORED, {"smtp_user": None}, True), (STORED, {"smtp_host": "x"}, False),
        (STORED, {"smtp_from": "y"}, False), (STORED, {}, False), (STORED, {"smtp_host": None}, False),
        (STORED, {"smtp_host": "y", MAIL_PASSWORD: "gAAB"}, False),
        (STORED, {"smtp_host": "y", MAIL_PASSWORD: None}, False),
        ({"smtp_host": "x"}, {"smtp_host": "y"}, False),
        (NO_SERVER, {"smtp_port": "26"}, False), (NO_SERVER, {"smtp_host": "y"}, True),
    ],
)  # fmt: skip
def test_a_stored_password_is_asked_for_again_by_another_server(
    stored: dict[str, str], changes: dict[str, str | None], is_asked: bool
) -> None:
    assert is_password_asked(stored, changes) is is_asked
