"""The backups that are made by themselves, one each night: which night it is, and how the last one went.

Told in the data directory by the process that makes them, read by the page of who runs Izba in any process.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from registry.core.errors import WORDS, Refusal, Unavailable
from registry.core.refusal_records import plain_params, worded_params
from web.system.note_file import read_note, write_note

NAME = "last-night.json"
# after its hour a backup may last, fail and be tried again before it is missed
PATIENCE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class NightPlan:
    """Where each night's backup goes, at which hour of the office, and how many of them stay."""

    folder: str
    hour: int
    most: int


@dataclass(frozen=True, slots=True)
class LastNight:
    """The night that the last backup in ``folder`` has its name of, when it was begun, and since when nights are made
    there; why the one that was tried since was not made: the code of a refusal, and what its words say. The folder is
    empty while none is made.
    """

    night: date | None
    fault: str = ""
    fault_at: datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    made_at: datetime | None = None
    since: datetime | None = None

    @property
    def refusal(self) -> Refusal | None:
        """Why the last try made none, to be said in a reader's language."""
        return Unavailable(self.fault, **self.params) if self.fault else None


def night_of(local: datetime, hour: int) -> date:
    """The night whose backup is due at this time of the office: from its hour on it is the day's own, however often the
    clocks show that hour.
    """
    return local.date() if local.hour >= hour else local.date() - timedelta(days=1)


def is_made(last: LastNight, local: datetime, hour: int) -> bool:
    """Whether the backup of the night is there, by the hour in force: one of an earlier hour is of the night before."""
    return last.made_at is not None and _night(last.made_at, local, hour) == night_of(local, hour)


def is_missed(last: LastNight | None, folder: str, local: datetime, hour: int) -> bool:
    """Whether a backup was due in this folder ``PATIENCE`` ago and is not there; False before any was tried there."""
    if last is None or last.folder != folder:
        return False
    since = last.made_at or (None if last.fault else last.since)
    return since is None or _night(since, local, hour) < night_of(local - PATIENCE, hour)


def _night(moment: datetime, local: datetime, hour: int) -> date:
    return night_of(moment.astimezone(local.tzinfo), hour)


def note_night(data_dir: Path, last: LastNight) -> None:
    """Remember it. Raises OSError."""
    about = {"night": last.night, "fault": last.fault, "fault_at": last.fault_at, "params": plain_params(last.params),
             "folder": last.folder, "made_at": last.made_at, "since": last.since}  # fmt: skip
    write_note(data_dir / NAME, about)


def last_night(data_dir: Path) -> LastNight | None:
    """None where none was tried, or what is told of it cannot be read."""
    return read_note(data_dir / NAME, _of)


def _of(content: Any) -> LastNight:
    night, fault, fault_at = content["night"], content["fault"], content["fault_at"]
    if fault and fault not in WORDS:
        raise ValueError(fault)  # another Izba's
    return LastNight(
        date.fromisoformat(night) if night else None,
        fault,
        _moment(fault_at),
        worded_params(content["params"]),
        content["folder"],
        _moment(content["made_at"]),
        _moment(content["since"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
