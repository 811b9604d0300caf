"""What a bulk change would make of a piece, and why it cannot. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from registry.assets import rules as asset_rules
from registry.assets.models import Condition, Lifecycle
from registry.assets.numbering import NumberFacts, NumberScheme, rule_for
from registry.assets.transitions import (
    COLUMN_OF,
    Answers,
    FormerState,
    Transition,
    loan_faults,
    state_faults,
)
from registry.core.errors import N_, WORDS, Conflict, Invalid, Reason, Refusal
from registry.core.refusal_records import plain_params, worded_params

CORRECT = "correct"
NUMBER = "number"
# what many pieces may share; a number is one piece's own
FIELDS = ("category", "warranty_until", "name", "note", "price", "accepted_on", "kst", "account", "quantity", "shares")
DAYS = frozenset({"warranty_until", "accepted_on"})
LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class PieceFacts:
    """A piece as it is now: its columns, and what paid for it by grant id, None for own funds."""

    id: int
    revision: int
    columns: Mapping[str, Any]
    parts: Mapping[int | None, Decimal] = field(default_factory=dict)


class Prospect(NamedTuple):
    """What a piece is and would be, as the history tells it; with a refusal it stays as it is. ``gets_paper``: it is
    to be done also where nothing of it changes.
    """

    before: dict[str, Any]
    after: dict[str, Any]
    refusal: Refusal | None = None
    gets_paper: bool = False


def of_transition(transition: Transition, answers: Answers, facts: PieceFacts, today: date) -> Prospect:
    """What a transition would make of a piece."""
    columns = facts.columns
    lifecycle, condition = Lifecycle(columns["lifecycle"]), Condition(columns["condition"])
    faults = state_faults(transition, lifecycle, condition) or loan_faults(transition, columns["due_on"])
    goal = transition.leads_to(answers, FormerState(lifecycle, columns["accepted_on"], today))
    if condition in transition.reported_in:
        goal = {}
    before = {name: columns[name] for name in goal if columns[name] != goal[name]}
    after = {name: goal[name] for name in before}
    return Prospect(before, after, faults[0] if faults else None, transition.is_paper)


def stored_answers(transition: Transition, answers: Answers) -> dict[str, Any]:
    """Answers as JSON, but for the reason, which is the change's own."""
    stored: dict[str, Any] = {"room_id": answers.room_id, "custodian_id": answers.custodian_id}
    columns = [COLUMN_OF[question.field] for question in transition.asks if question.field in COLUMN_OF]
    return stored | {name: getattr(answers, name) for name in columns}


def answers_from(stored: Mapping[str, Any], reason: str) -> Answers:
    """The same, read again."""
    lifecycle = stored.get("lifecycle")
    accepted_on, due_on = (
        date.fromisoformat(day) if (day := stored.get(name)) else None for name in ("accepted_on", "due_on")
    )
    return Answers(
        stored["room_id"],
        stored["custodian_id"],
        reason,
        lifecycle=Lifecycle(lifecycle) if lifecycle else None,
        accepted_on=accepted_on,
        borrower_id=stored.get("borrower_id"),
        due_on=due_on,
    )


def of_correction(name: str, value: Any, facts: PieceFacts, grants: Mapping[int, str]) -> Prospect:
    """What a correction of one field would make of a piece. ``value`` is what :func:`columns_of` takes, ``grants`` are
    their codes by id.
    """
    columns = columns_of(name, value, facts)
    refusal = fault_of(name, columns, facts)
    if name == "shares":
        parts = dict(columns["shares"])
        before, after = {"shares": _in_words(facts.parts, grants)}, {"shares": _in_words(parts, grants)}
        return Prospect({}, {}, refusal) if parts == dict(facts.parts) else Prospect(before, after, refusal)
    former = facts.columns[name]
    if former == columns[name]:
        return Prospect({}, {}, refusal)
    return Prospect({name: former}, {name: columns[name]}, refusal)


def columns_of(name: str, value: Any, facts: PieceFacts) -> dict[str, Any]:
    """The columns that a correction of one field sets in a piece. A note is added behind the one that is there;
    funding is given as percents by grant id, which split the price of each piece.
    """
    if name == "note":
        former = facts.columns["note"]
        return {
            "note": f"{former}\n{value}" if former and value and value not in former.splitlines() else former or value
        }
    if name == "shares":
        return {"shares": list(asset_rules.shares(facts.columns["price"], value).items())}
    return {name: value}


def of_numbering(schemes: Sequence[NumberScheme], unit: str, facts: PieceFacts, today: date) -> Prospect:
    """Whether a piece gets the next number by these rules of a unit: one that has a number keeps it. Which number that
    is shows when all pieces are looked at.
    """
    if facts.columns["lifecycle"] == Lifecycle.WITHDRAWN:
        return Prospect({}, {}, Conflict("asset.withdrawn"))
    if facts.columns["inventory_no"]:
        return Prospect({}, {})
    try:
        rule_for(schemes, number_facts(unit, facts, today))
    except Refusal as refusal:
        return Prospect({}, {}, refusal)
    return Prospect({"inventory_no": None}, {"inventory_no": ""})


def number_facts(unit: str, facts: PieceFacts, today: date) -> NumberFacts:
    """What the number of a piece would say of it."""
    columns = facts.columns
    return NumberFacts(unit, columns["account"], columns["kst"], columns["accepted_on"] or today)


def value_of(name: str, stored: Any) -> Any:
    """The value of a correction, from JSON."""
    if stored is not None and name in DAYS:
        return date.fromisoformat(stored)
    if name == "price":
        return Decimal(stored)
    if name == "shares":
        return {int(grant): Decimal(percent) for grant, percent in stored.items()}
    return stored


def fault_of(name: str, columns: Mapping[str, Any], facts: PieceFacts) -> Refusal | None:
    """Why a piece cannot be corrected so."""
    if facts.columns["lifecycle"] == Lifecycle.WITHDRAWN:
        return Conflict("asset.withdrawn")
    if name == "price" and asset_rules.resplit(facts.parts, columns["price"]) is None:
        return Invalid("grant.shares_needed", field="shares")
    if name == "note" and len(columns["note"]) > LONGEST_NOTE:
        reason = Reason(N_("it is longer than {limit} characters"), limit=LONGEST_NOTE)
        return Invalid("request.bad_field", field="note", reason=reason)
    return None


def _in_words(parts: Mapping[int | None, Decimal], grants: Mapping[int, str]) -> list[dict[str, Any]]:
    """Funding as the history tells it."""
    return [{"grant": grants.get(grant or 0), "amount": f"{amount:.2f}"} for grant, amount in parts.items()]


def packed(code: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal as JSON: its code and params."""
    return {"code": code, "params": plain_params(params)}


def unpacked(refusal: Mapping[str, Any]) -> Refusal:
    """A refusal that was stored. One whose code an older Izba had is told as a change by somebody else."""
    code = refusal["code"] if refusal["code"] in WORDS else "request.stale"
    return Conflict(code, **worded_params(refusal["params"]))
