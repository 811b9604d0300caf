"""What may happen to an asset, as one table: from which states to which, who may, what it asks, what it leaves behind.

The API, the pages, their words and acts on many assets follow from it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from registry.assets.models import STANDING, Condition, Lifecycle
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Refusal, Term
from registry.people.models import Role
from registry.people.rules import CAPABILITIES

ANY_LIFECYCLE = frozenset(Lifecycle) - {Lifecycle.WITHDRAWN}
ANY_CONDITION = frozenset(Condition)
# what the office still uses or will use, and what stands in it at all
OF_USE = frozenset({Lifecycle.ORDERED, Lifecycle.IN_USE, Lifecycle.IN_STORE})
IN_THE_OFFICE = OF_USE | {Lifecycle.RETIRED}

LIFECYCLE_WORDS = {
    Lifecycle.ORDERED: N_("ordered"),
    Lifecycle.IN_USE: N_("in use"),
    Lifecycle.IN_STORE: N_("in store"),
    Lifecycle.HANDED_OVER: N_("handed over"),
    Lifecycle.RETIRED: N_("retired"),
    Lifecycle.DISPOSED: N_("disposed of"),
    Lifecycle.WITHDRAWN: N_("withdrawn"),
}
CONDITION_WORDS = {
    Condition.OK: N_("working"),
    Condition.FAULTY: N_("faulty"),
    Condition.IN_REPAIR: N_("in repair"),
}


class QuestionField(StrEnum):
    """What a transition may ask."""

    ROOM = "room"
    CUSTODIAN = "custodian"
    LIFECYCLE = "lifecycle"
    ACCEPTED_ON = "accepted_on"
    BORROWER = "borrower"
    DUE_ON = "due_on"
    REASON = "reason"


class LoanState(StrEnum):
    """Whether a piece must be lent out to go a way, must not be, or either."""

    ANY = "any"
    HOME = "home"
    LENT = "lent"


class RoomEffect(StrEnum):
    """What a transition does to the rooms of its assets: nothing, to what works in it, or who stands in it."""

    NONE = "none"
    READINESS = "readiness"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a transition asks; what is not required may be left empty. Left empty, what ``keeps`` leaves each
    piece as it is.
    """

    field: QuestionField
    is_required: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered. A question that was not asked has an answer that nobody reads."""

    room_id: int | None = None
    custodian_id: int | None = None
    reason: str = ""
    lifecycle: Lifecycle | None = None
    accepted_on: date | None = None
    borrower_id: int | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class FormerState:
    """What a piece is before a transition that leads one way or the other by it, and which day it is."""

    lifecycle: Lifecycle
    accepted_on: date | None
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the table.

    ``may`` is a capability of registry/people/rules.py, ``entry`` what the history calls it, ``document`` the
    symbol of the paper that it writes, ``clears`` the columns that it empties, ``takes_back`` the entry of the
    history whose life cycle before it brings back. ``ends_possession`` is what a grant forbids until its day. In
    a condition of ``reported_in`` it changes nothing, and what was said stands in the history. ``is_paper``: it writes
    its document also where no column changes; ``stays`` are the life cycles that it leaves as they are unless
    another was answered. ``loan``: whether it must be at home or lent out.
    """

    name: str
    may: str
    entry: str
    asks: tuple[Question, ...] = (Question(QuestionField.REASON),)
    lifecycles: frozenset[Lifecycle] = ANY_LIFECYCLE
    conditions: frozenset[Condition] = ANY_CONDITION
    to_lifecycle: Lifecycle | None = None
    to_condition: Condition | None = None
    clears: frozenset[str] = frozenset()
    takes_back: str = ""
    ends_possession: bool = False
    reported_in: frozenset[Condition] = frozenset()
    room: RoomEffect = RoomEffect.NONE
    document: str | None = None
    is_paper: bool = False
    stays: frozenset[Lifecycle] = frozenset()
    loan: LoanState = LoanState.ANY

    @property
    def roles(self) -> frozenset[Role]:
        """Who may."""
        return CAPABILITIES[self.may]

    def starts_from(self, lifecycle: Lifecycle, condition: Condition) -> bool:
        """Whether an asset in these states can go this way."""
        return lifecycle in self.lifecycles and condition in self.conditions

    def has_arrived(self, lifecycle: Lifecycle, condition: Condition) -> bool:
        """Whether an asset in these states is already what this would make of it."""
        if condition in self.reported_in:
            return lifecycle in self.lifecycles
        pairs = [(self.to_lifecycle, lifecycle), (self.to_condition, condition)]
        reached = [goal == state for goal, state in pairs if goal]
        return bool(reached) and all(reached)

    def asks_for(self, field: QuestionField) -> bool:
        """Whether this is among its questions."""
        return any(question.field is field for question in self.asks)

    def leads_to(self, answers: Answers, former: FormerState | None = None) -> dict[str, Any]:
        """The columns that it sets, with their values, in a piece that was in this state."""
        columns: dict[str, Any] = dict.fromkeys(self.clears)
        if self.to_lifecycle and not (former and former.lifecycle in self.stays):
            columns["lifecycle"] = self.to_lifecycle
        if self.to_condition:
            columns["condition"] = self.to_condition
        for question in self.asks:
            column = COLUMN_OF.get(question.field)
            answer = getattr(answers, column) if column else None
            if column and (answer is not None or not question.keeps):
                columns[column] = answer
        if former and self.asks_for(QuestionField.ACCEPTED_ON) and not answers.accepted_on and not former.accepted_on:
            columns["accepted_on"] = former.today
        return columns


COLUMN_OF = {
    QuestionField.ROOM: "room_id",
    QuestionField.CUSTODIAN: "custodian_id",
    QuestionField.LIFECYCLE: "lifecycle",
    QuestionField.ACCEPTED_ON: "accepted_on",
    QuestionField.BORROWER: "borrower_id",
    QuestionField.DUE_ON: "due_on",
}

_ROWS = (
    Transition(
        name="accept",
        may="assets.change",
        entry="accepted",
        lifecycles=OF_USE,
        asks=(
            Question(QuestionField.LIFECYCLE, keeps=True),
            Question(QuestionField.ROOM, keeps=True),
            Question(QuestionField.CUSTODIAN, keeps=True),
            Question(QuestionField.ACCEPTED_ON, keeps=True),
            Question(QuestionField.REASON),
        ),
        to_lifecycle=Lifecycle.IN_USE,
        stays=frozenset(STANDING),
        room=RoomEffect.PLACE,
        document="OT",
        is_paper=True,
    ),
    Transition(
        name="take_back_acceptance",
        may="assets.change",
        entry="acceptance_taken_back",
        lifecycles=frozenset(STANDING),
        asks=(Question(QuestionField.REASON, is_required=True),),
        to_lifecycle=Lifecycle.ORDERED,
        takes_back="accepted",
        room=RoomEffect.READINESS,
        document="OT-K",
        is_paper=True,
        loan=LoanState.HOME,
    ),
    Transition(
        name="lend",
        may="assets.change",
        entry="lent",
        lifecycles=frozenset(STANDING),
        conditions=frozenset({Condition.OK}),
        asks=(
            Question(QuestionField.BORROWER, is_required=True),
            Question(QuestionField.DUE_ON, is_required=True),
            Question(QuestionField.REASON),
        ),
        room=RoomEffect.READINESS,
        document="PW",
        loan=LoanState.HOME,
    ),
    Transition(
        name="prolong",
        may="assets.change",
        entry="prolonged",
        asks=(Question(QuestionField.DUE_ON, is_required=True), Question(QuestionField.REASON)),
        loan=LoanState.LENT,
    ),
    Transition(
        name="return",
        may="assets.change",
        entry="returned",
        clears=frozenset({"borrower_id", "due_on"}),
        room=RoomEffect.READINESS,
        document="PW",
        loan=LoanState.LENT,
    ),
    Transition(
        name="mend",
        may="assets.change",
        entry="mended",
        conditions=frozenset({Condition.FAULTY, Condition.IN_REPAIR}),
        to_condition=Condition.OK,
        room=RoomEffect.READINESS,
    ),
    Transition(
        name="report_fault",
        may="faults.report",
        entry="fault_reported",
        lifecycles=IN_THE_OFFICE,
        conditions=frozenset({Condition.OK}),
        to_condition=Condition.FAULTY,
        reported_in=frozenset({Condition.FAULTY, Condition.IN_REPAIR}),
        room=RoomEffect.READINESS,
    ),
    Transition(
        name="send_to_repair",
        may="assets.change",
        entry="sent_to_repair",
        lifecycles=OF_USE,
        conditions=frozenset({Condition.OK, Condition.FAULTY}),
        to_condition=Condition.IN_REPAIR,
        room=RoomEffect.READINESS,
    ),
    Transition(
        name="move",
        may="assets.change",
        entry="moved",
        lifecycles=IN_THE_OFFICE,
        asks=(Question(QuestionField.ROOM), Question(QuestionField.REASON)),
        room=RoomEffect.PLACE,
        document="MT",
        loan=LoanState.HOME,
    ),
    Transition(
        name="assign",
        may="assets.change",
        entry="assigned",
        lifecycles=IN_THE_OFFICE,
        asks=(Question(QuestionField.CUSTODIAN, is_required=True), Question(QuestionField.REASON)),
        document="PW",
    ),
    Transition(
        name="unassign",
        may="assets.change",
        entry="assigned",
        clears=frozenset({"custodian_id"}),
    ),
    *(
        Transition(
            name=name,
            may="assets.dispose",
            entry=entry,
            lifecycles=IN_THE_OFFICE,
            asks=(Question(QuestionField.REASON, is_required=True),),
            to_lifecycle=lifecycle,
            ends_possession=True,
            room=RoomEffect.READINESS,
            document=document,
            loan=LoanState.HOME,
        )
        for name, entry, lifecycle, document in (
            ("transfer", "transferred", Lifecycle.HANDED_OVER, "PT"),
            ("donate", "donated", Lifecycle.HANDED_OVER, "PT"),
            ("sell", "sold", Lifecycle.DISPOSED, "LT"),
            ("liquidate", "liquidated", Lifecycle.DISPOSED, "LT"),
        )
    ),
    Transition(
        name="withdraw",
        may="assets.change",
        entry="withdrawn",
        asks=(Question(QuestionField.REASON, is_required=True),),
        to_lifecycle=Lifecycle.WITHDRAWN,
        ends_possession=True,
        room=RoomEffect.READINESS,
        loan=LoanState.HOME,
    ),
    Transition(
        name="restore",
        may="assets.change",
        entry="restored",
        lifecycles=frozenset({Lifecycle.WITHDRAWN}),
        to_lifecycle=Lifecycle.IN_USE,
        takes_back="withdrawn",
        room=RoomEffect.READINESS,
    ),
)
TRANSITIONS: Mapping[str, Transition] = {row.name: row for row in _ROWS}


def transition_named(name: str) -> Transition:
    """A row of the table. Raises NotFound("asset.no_transition")."""
    if name not in TRANSITIONS:
        raise NotFound("asset.no_transition", name=name[:40], names=", ".join(TRANSITIONS))
    return TRANSITIONS[name]


def unanswered(transition: Transition, answers: Answers) -> list[Refusal]:
    """Every question that must be answered and is not."""
    columns = COLUMN_OF | {QuestionField.REASON: "reason"}
    return [
        Invalid("request.missing_field", field=str(question.field))
        for question in transition.asks
        if question.is_required and not getattr(answers, columns[question.field])
    ]


def answer_faults(transition: Transition, answers: Answers, today: date) -> list[Refusal]:
    """Every reason why a transition cannot be taken with these answers, whatever the piece."""
    faults = unanswered(transition, answers)
    if transition.asks_for(QuestionField.ACCEPTED_ON) and answers.accepted_on and answers.accepted_on > today:
        reason = Reason(N_("it is in the future"))
        faults.append(Invalid("request.bad_field", field="accepted_on", reason=reason))
    if transition.asks_for(QuestionField.DUE_ON) and answers.due_on and answers.due_on < today:
        faults.append(Invalid("request.bad_field", field="due_on", reason=Reason(N_("it is in the past"))))
    if transition.asks_for(QuestionField.LIFECYCLE) and answers.lifecycle and answers.lifecycle not in STANDING:
        reason = Reason(N_("it is one of {choices}"), choices=", ".join(STANDING))
        faults.append(Invalid("request.bad_field", field="lifecycle", reason=reason))
    return faults


def state_faults(transition: Transition, lifecycle: Lifecycle, condition: Condition) -> list[Refusal]:
    """Every reason why an asset in these states cannot go this way. To have arrived already is none."""
    if transition.starts_from(lifecycle, condition) or transition.has_arrived(lifecycle, condition):
        return []
    states = {
        "lifecycle": Term(lifecycle, LIFECYCLE_WORDS[lifecycle]),
        "condition": Term(condition, CONDITION_WORDS[condition]),
    }
    return [Conflict("asset.state", transition=transition.name, **states)]


def loan_faults(transition: Transition, due_on: date | None) -> list[Refusal]:
    """Why a piece that is lent out, or is not, cannot go this way; ``due_on`` is when one that is lent is due back."""
    if transition.loan is LoanState.HOME and due_on is not None:
        return [Conflict("asset.lent", until=due_on.isoformat())]
    if transition.loan is LoanState.LENT and due_on is None:
        return [Conflict("asset.not_lent")]
    return []
