"""What hangs on somebody, and who can take it over. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.core.errors import N_, Conflict, Reason, Refusal, Term
from registry.people.models import Role
from registry.people.rules import may


class LoadKind(StrEnum):
    """What may hang on somebody who leaves."""

    CUSTODY = "custody"
    BOOKINGS = "bookings"
    DUTIES = "duties"
    APPROVALS = "approvals"
    FAULTS = "faults"


WORDS = {
    LoadKind.CUSTODY: N_("what is in their care"),
    LoadKind.BOOKINGS: N_("bookings"),
    LoadKind.DUTIES: N_("duties"),
    LoadKind.APPROVALS: N_("rooms whose bookings they approve"),
    LoadKind.FAULTS: N_("faults"),
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why somebody cannot take over what hangs on another: in these rooms they may not book."""

    kind: LoadKind
    rooms: tuple[str, ...] = ()

    @property
    def words(self) -> Reason:
        if self.kind is LoadKind.BOOKINGS:
            return Reason(N_("their role or institution may not book {rooms}"), rooms=", ".join(self.rooms[:10]))
        if self.kind is LoadKind.APPROVALS:
            return Reason(N_("their role changes nothing"))
        return Reason(N_("their role does not look after faults"))


def owner_obstacles(role: Role, kind: LoadKind) -> list[Obstacle]:
    """What bars a role from taking a kind over."""
    needs = {LoadKind.FAULTS: "faults.manage", LoadKind.APPROVALS: "bookings.make"}
    return [Obstacle(kind)] if kind in needs and not may(role, needs[kind]) else []


def obstacle_faults(obstacles: Mapping[LoadKind, tuple[str, Obstacle]]) -> list[Refusal]:
    """The obstacles of all kinds as one refusal, which names each: the heir's name and why."""
    if not obstacles:
        return []
    kind, (name, obstacle) = next(iter(obstacles.items()))
    refused = [{"kind": str(one), "name": heir, "detail": why.words} for one, (heir, why) in obstacles.items()]
    return [
        Conflict(
            "person.cannot_take", name=name, what=Term(str(kind), WORDS[kind]), reason=obstacle.words, refused=refused
        )
    ]
