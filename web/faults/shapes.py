"""Faults as programs send and read them."""

from typing import Annotated

from pydantic import BaseModel, Field

from registry.faults.models import FaultAct, FaultState
from registry.faults.queries import FaultLine, VisibleFault
from registry.faults.rules import TEXT_LENGTH
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, LINES, Body, RecordId, RoomCode

ReportText = Annotated[str, Field(max_length=TEXT_LENGTH), LINES]


class ReportBody(Body):
    """One of ``room``, ``asset`` and ``tag``, or the ``fault`` that it is."""

    room: RoomCode | None = None
    asset: RecordId | None = None
    tag: Annotated[str, Field(max_length=200), LINE] | None = None
    fault: RecordId | None = None
    kind: Annotated[str, Field(max_length=40, description="light, screen, … or none"), LINE] | None = None
    text: Annotated[str, Field(max_length=TEXT_LENGTH), LINES] | None = None


class FaultActBody(Body):
    text: ReportText = ""


class FaultLineAnswer(BaseModel):
    """Something said or done about a fault."""

    act: FaultAct
    at: Instant
    actor: str | None = Field(description="null for who may not know it")
    source: str
    text: str | None = Field(description="null for who may not read it")


class FaultAnswer(BaseModel):
    id: int
    number: str
    state: FaultState
    kind: str
    text: str | None = Field(description="what was said first; null for who may not read it")
    room: str | None = Field(description="where it is now")
    asset: int | None
    asset_name: str | None
    inventory_no: str | None
    owner: str | None = Field(description="the login of who sees to it")
    reports: int
    is_own: bool = Field(description="whether the caller reported it")
    opened_at: Instant
    changed_at: Instant
    resolved_at: Instant | None
    revision: int


class FaultDetailAnswer(FaultAnswer):
    lines: list[FaultLineAnswer]


FaultsAnswer = ListAnswer[FaultAnswer]
_NAMES = tuple(FaultAnswer.model_fields)


def fault_answer(fault: VisibleFault) -> FaultAnswer:
    """A fault as its reader may see it."""
    return FaultAnswer(**{name: getattr(fault, name) for name in _NAMES})


def detail_answer(fault: VisibleFault) -> FaultDetailAnswer:
    """With all that was said and done about it."""
    lines = [_line(line) for line in fault.lines]
    return FaultDetailAnswer(**{name: getattr(fault, name) for name in _NAMES}, lines=lines)


def _line(line: FaultLine) -> FaultLineAnswer:
    return FaultLineAnswer(act=line.act, at=line.at, actor=line.actor or None, source=line.source, text=line.text)
