"""What may happen to a fault, what a report says, and who may read it. Pure."""

import re

from registry.core.errors import N_, Conflict, Invalid, Refusal, Term
from registry.core.ids import may_be_id
from registry.faults.models import FaultAct, FaultState
from registry.people.models import Role
from registry.people.rules import may
from registry.rooms.models import HELP_POINT, Visibility

# what a person at a door can choose; what is none of these has no kind
KINDS = ("screen", "light", "temperature", "cleaning", "furniture", "network")
FOUND = "found"  # what a stranger says of a thing with a label of ours
# a person says "screen"; the equipment knows its features
FEATURES = {"screen": "projector"}
TEXT_LENGTH = 2000
REPORTED = "fault_reported"  # what the history calls a report, of a fault, a room or a thing
STATE_WORDS = {
    FaultState.OPEN: N_("open"),
    FaultState.TAKEN: N_("taken on"),
    FaultState.RESOLVED: N_("mended"),
}
# from which states an act leads to which
_GOES = {
    FaultAct.TAKE: ((FaultState.OPEN,), FaultState.TAKEN),
    FaultAct.RESOLVE: ((FaultState.OPEN, FaultState.TAKEN), FaultState.RESOLVED),
    FaultAct.REOPEN: ((FaultState.TAKEN, FaultState.RESOLVED), FaultState.OPEN),
}
_NUMBER = re.compile(r"U/?0*(\d{1,9})", re.ASCII)


def number_of(fault_id: int) -> str:
    """The number that people say: U/00012."""
    return f"U/{fault_id:05}"


def id_of(number: str) -> int | None:
    """The fault of a number as somebody types it: ``u/12``, ``U 00012``; None where it is none."""
    match = _NUMBER.fullmatch("".join(number.split()).upper())
    return int(match[1]) if match and may_be_id(int(match[1])) else None


def feature_of(kind: str) -> str:
    """The feature of the equipment that a kind of fault is about."""
    return FEATURES.get(kind, kind)


def report_faults(kind: str, text: str, is_of_asset: bool) -> list[Refusal]:
    """Every reason why a report says nothing that anybody could see to."""
    refusals: list[Refusal] = []
    if kind and kind not in KINDS:
        refusals.append(Invalid("fault.bad_kind", given=kind[:40], kinds=", ".join(KINDS)))
    if not (kind or text.strip() or is_of_asset):
        refusals.append(Invalid("fault.nothing_said"))
    return refusals


def goal(act: FaultAct) -> FaultState:
    """The state that an act leads to."""
    return _GOES[act][1]


def has_arrived(state: FaultState, act: FaultAct, is_own: bool) -> bool:
    """Whether there is nothing left to do. What somebody else has taken on is not taken twice."""
    return state is goal(act) and (act is not FaultAct.TAKE or is_own)


def act_faults(state: FaultState, act: FaultAct) -> list[Refusal]:
    """Every reason why a fault in this state cannot go this way."""
    if state in _GOES[act][0]:
        return []
    return [Conflict("fault.state", state=Term(state, STATE_WORDS[state]))]


def may_manage(role: Role | str) -> bool:
    """Whether somebody sees to faults."""
    return may(role, "faults.manage")


def may_reopen(role: Role | str, is_reporter: bool) -> bool:
    """Whether somebody may say that a fault is not mended: who sees to them, and who reported it."""
    return may_manage(role) or (is_reporter and may(role, "faults.report"))


def acts_of(state: FaultState, role: Role | str, is_reporter: bool) -> tuple[FaultAct, ...]:
    """What somebody may do with a fault in this state."""
    if may_manage(role):
        return tuple(act for act in _GOES if not act_faults(state, act))
    is_resolved = state is FaultState.RESOLVED
    return (FaultAct.REOPEN,) if is_resolved and may_reopen(role, is_reporter) else ()


def is_shy(visibility: Visibility | str | None) -> bool:
    """Whether a report out of a room of this class tells more than the fault: that somebody was there, and who."""
    return visibility is not None and Visibility(visibility) in HELP_POINT


def sees_all(role: Role | str) -> bool:
    """Whether somebody may read every report."""
    return may(role, "faults.see_all")


def reads_reason(role: Role | str, action: str) -> bool:
    """Whether somebody who reads a history reads what was said with an action of it: of a report only who may read
    every report. The others read at the fault what they may.
    """
    return action != REPORTED or sees_all(role)
