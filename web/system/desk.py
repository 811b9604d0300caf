"""What the page of the system asks of the parts that run beside it. The composition root puts the answers into
``app.state.desk``; web knows neither the settings nor the timetable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from fastapi import Request

from registry.core.ciphers import SecretText
from registry.core.errors import Conflict, Refusal
from web.outbox.letters import LetterText
from web.system.nights import NightPlan


class Origin(StrEnum):
    """Where a setting's value comes from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"
    SECRET_FILE = "secret_file"  # noqa: S105  # a place, no secret
    COMMAND = "command"  # the demo's
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting in force. ``value`` is its text, empty of a secret; ``choices`` are the words it may be, of one that
    may be few; ``is_of_office`` is whether its page changes it; ``is_unreadable`` is of a secret that was stored under
    another key.
    """

    name: str
    variable: str
    about: str
    value: str
    origin: Origin
    default: str = ""
    is_secret: bool = False
    is_set: bool = True
    is_of_office: bool = False
    is_unreadable: bool = False
    choices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a job of the timetable went last in this process."""

    at: datetime
    took: timedelta
    fault: str = ""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job of the timetable: its name, what it does, its last run and when it runs next."""

    name: str
    about: str
    run: JobRun | None
    next_at: datetime | None


class Task(StrEnum):
    """What is done in the background at a click."""

    BACKUP = "backup"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class TaskState:
    """How such a task goes: until ``ended_at`` it runs. ``told`` is what it said, in the office's language."""

    task: Task
    started_at: datetime
    ended_at: datetime | None = None
    is_good: bool = True
    told: str = ""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A copy in the data directory."""

    name: str
    at: datetime
    size: int


class Desk(Protocol):
    """Whatever knows how this process is run."""

    def settings(self) -> list[SettingLine]: ...

    async def faults(self, values: Mapping[str, str | None]) -> Mapping[str, Refusal]:
        """What keeps these settings of the office from being set to these texts, by name; None sets one back."""

    def stored(self, values: Mapping[str, str | None]) -> Mapping[str, str | SecretText | None]:
        """The texts as the register takes them, secrets to be encrypted."""

    async def send_trial(self, letter: LetterText, address: str, name: str, now: datetime) -> None:
        """Send a letter by the mail server in force, within a few seconds. Raises Conflict("notice.no_server");
        Unavailable: mail.away, mail.refused.
        """

    def jobs(self) -> list[JobLine]: ...

    def tasks(self) -> Mapping[Task, TaskState]: ...

    def start(self, task: Task, now: datetime) -> None:
        """Begin it in the background; nothing while it runs."""

    def backups(self) -> list[BackupFile]: ...

    @property
    def night_plan(self) -> NightPlan | None:
        """Of the backups that are made by themselves; None where none are."""

    @property
    def started_at(self) -> datetime: ...


@dataclass(slots=True)
class NoDesk:
    """Of a site that nobody runs: nothing is known."""

    started_at: datetime
    lines: list[SettingLine] = field(default_factory=list)
    night_plan: NightPlan | None = None

    def settings(self) -> list[SettingLine]:
        return self.lines

    async def faults(self, values: Mapping[str, str | None]) -> Mapping[str, Refusal]:
        return {}

    def stored(self, values: Mapping[str, str | None]) -> Mapping[str, str | SecretText | None]:
        return values

    async def send_trial(self, letter: LetterText, address: str, name: str, now: datetime) -> None:
        raise Conflict("notice.no_server")

    def jobs(self) -> list[JobLine]:
        return []

    def tasks(self) -> Mapping[Task, TaskState]:
        return {}

    def start(self, task: Task, now: datetime) -> None:
        return None

    def backups(self) -> list[BackupFile]:
        return []


def desk_of(request: Request) -> Desk:
    """What the composition root put there."""
    desk: Desk = request.app.state.desk
    return desk
