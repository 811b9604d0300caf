"""The one-time code of the set-up, the steps of an office's first weeks, what is told of a changed setting. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# no I and O beside no 0 and 1: a code is read from a terminal and typed
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 8
ATTEMPTS = 5
PAUSE = timedelta(seconds=60)


def spaced_code(code: str) -> str:
    """K7TM-42XP"""
    return f"{code[:4]}-{code[4:]}"


def plain_code(code: str) -> str:
    """A code as somebody types it: blanks, hyphens and case aside."""
    return "".join(sign for sign in code.upper() if sign.isalnum())[:40]


def pause_left(attempts: int, attempted_at: datetime | None, now: datetime) -> int:
    """The seconds to wait before another code is looked at: after every ``ATTEMPTS`` wrong ones a ``PAUSE``."""
    if attempted_at is None or attempts == 0 or attempts % ATTEMPTS:
        return 0
    left = (attempted_at + PAUSE - now).total_seconds()
    return min(int(left) + 1, int(PAUSE.total_seconds())) if left > 0 else 0


def attempts_left(attempts: int) -> int:
    """How many codes may still be tried before the next pause."""
    return ATTEMPTS - attempts % ATTEMPTS if attempts % ATTEMPTS else 0


class StoredSetting(NamedTuple):
    """A setting as the office has set it; the ``value`` of a secret is encrypted."""

    value: str
    is_secret: bool = False


def history_words(before: StoredSetting | None, after: StoredSetting | None) -> tuple[str | None, str | None]:
    """What the history says of a setting before and after; of a secret only that it is set or changed."""
    former = "set" if before and before.is_secret else before and before.value
    if after is None or not after.is_secret:
        return former, after and after.value
    return former, "changed" if before and before.is_secret else "set"


# to whom the password of the mail server is shown, and how
MAIL_SERVER = ("smtp_host", "smtp_port", "smtp_tls", "smtp_user")
MAIL_PASSWORD = "smtp_password"  # noqa: S105  # the name of a setting, no secret


def is_password_asked(stored: Mapping[str, str], changes: Mapping[str, str | None]) -> bool:
    """Whether these changes lead the stored password of the mail server to another server or name, without it being
    typed once more: nobody learns a password by naming a server of their own. Both are stored texts by the setting's
    name; None takes one away.
    """
    if MAIL_PASSWORD not in stored or MAIL_PASSWORD in changes:
        return False
    is_any_server = changes.get("smtp_host", stored.get("smtp_host")) is not None
    return is_any_server and any(name in changes and changes[name] != stored.get(name) for name in MAIL_SERVER)


class FirstStep(StrEnum):
    """What an office does in its first weeks, in this order."""

    PLACES = "places"
    ROOMS = "rooms"
    HOURS = "hours"
    PEOPLE = "people"
    MAIL = "mail"
    PANEL = "panel"
    BROKER = "broker"
    BACKUP = "backup"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class StepState:
    """How far a step is: ``count`` of what it is about; ``is_blocked`` where something that runs says no."""

    step: FirstStep
    count: int
    is_done: bool
    is_blocked: bool = False
    is_put_off: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it still waits for somebody."""
        return not self.is_done and not self.is_put_off


# from how many on a step is done; one person is the administrator alone
ENOUGH: Mapping[FirstStep, int] = {FirstStep.ROOMS: 2, FirstStep.PEOPLE: 2}


def step_state(step: FirstStep, count: int, put_off: Collection[str], is_blocked: bool = False) -> StepState:
    """A step by what the register holds of it."""
    is_done = count >= ENOUGH.get(step, 1) and not is_blocked
    return StepState(step, count, is_done, is_blocked and not is_done, step in put_off)
