"""Whom what is due concerns: all of it whoever keeps or counts equipment, anybody else what is in their care."""

from registry.people import rules
from registry.people.models import Person
from registry.upkeep.rules import DueKind


def custodian_of(person: Person, is_mine: bool) -> int | None:
    """Whose things are asked for; None for everybody's."""
    return person.id if is_mine or not rules.may(person.role, "due.see_all") else None


def kinds_of(kind: DueKind | None) -> tuple[DueKind, ...]:
    """The kinds that are asked for."""
    return (kind,) if kind else tuple(DueKind)
