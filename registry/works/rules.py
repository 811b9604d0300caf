"""What building works may be, and what they are on a day. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from registry.core.errors import N_, Invalid, Reason, Refusal

LONGEST_NAME, LONGEST_TEXT = 200, 2000
MOST_ROOMS, MOST_ASSETS = 200, 1000


class WorksState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    LATE = "late"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewWorks:
    """Works that somebody plans: room codes, the first and the last day, and the code of the grant that pays."""

    name: str
    starts_on: date
    ends_on: date
    rooms: tuple[str, ...]
    description: str = ""
    grant: str = ""


def works_faults(new: NewWorks) -> Iterator[Refusal]:
    """Every reason against works, but for what is unknown."""
    if not new.name:
        yield Invalid("works.no_name")
    for name, text, limit in (("name", new.name, LONGEST_NAME), ("description", new.description, LONGEST_TEXT)):
        if len(text) > limit:
            reason = Reason(N_("it is longer than {limit} characters"), limit=limit)
            yield Invalid("request.bad_field", field=name, reason=reason)
    if new.ends_on < new.starts_on:
        yield Invalid("works.ends_before_start")
    if not new.rooms:
        yield Invalid("block.no_room")
    if len(new.rooms) > MOST_ROOMS:
        yield Invalid("block.too_large")


def state_on(
    starts_on: date, ends_on: date, finished_on: date | None, cancelled_at: datetime | None, today: date
) -> WorksState:
    """What works are on a day: past their last one they are late until somebody says that they are finished."""
    if cancelled_at is not None:
        return WorksState.CANCELLED
    if finished_on is not None:
        return WorksState.FINISHED
    if today < starts_on:
        return WorksState.PLANNED
    return WorksState.RUNNING if today <= ends_on else WorksState.LATE


def is_open(state: WorksState) -> bool:
    """Whether they can be changed still."""
    return state in (WorksState.PLANNED, WorksState.RUNNING, WorksState.LATE)
