"""The list of faults: its filters as addresses and its views; what may be done with one; what waits on Today."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from registry.faults.models import FaultAct, FaultState
from registry.faults.queries import (
    FaultFilter,
    VisibleFault,
    counts_of,
    faulty_without_report,
    mended_for,
    waiting_faults,
)
from registry.faults.rules import acts_of, may_manage
from registry.people.models import Person
from registry.people.rules import may
from web.faults.words import ACT_WORDS, FaultActWords
from web.kit.page_context import PageContext
from web.kit.record_ids import id_in, offset_in
from web.kit.words import N_

PAGE = 50
SHOWN = 5
STATES = ("active", *FaultState)


@dataclass(frozen=True, slots=True)
class FaultAddress:
    """What the address of the list says: what is looked for, from which row on."""

    filter: FaultFilter
    offset: int = 0

    def href(self, offset: int = 0, **changes: Any) -> str:
        """The address of this list with something else in it; a changed filter begins at the first row."""
        wish = replace(self.filter, **changes)
        query: dict[str, Any] = {"state": wish.state, "room": wish.room, "owner": wish.owner, "asset": wish.asset}
        query |= {"mine": "1" if wish.is_own else "", "offset": offset}
        query["state"] = {"active": "", "": "any"}.get(wish.state, wish.state)
        return "/faults?" + urlencode({name: value for name, value in query.items() if value})


def address_of(query: dict[str, str], person: Person) -> FaultAddress:
    """What the query of an address says. What cannot be read counts as not said; without a state, what is not mended
    yet.
    """
    state, asset, offset = (query.get(name, "").strip() for name in ("state", "asset", "offset"))
    wish = FaultFilter(
        state="" if state == "any" else state if state in STATES else "active",
        room=query.get("room", "").strip()[:40],
        asset=id_in(asset),
        owner=query.get("owner", "").strip().lower()[:64],
        is_own=bool(query.get("mine")),
    )
    return FaultAddress(wish, offset_in(offset))


async def views(address: FaultAddress, context: PageContext) -> list[tuple[str, str, int | None, bool]]:
    """Filters worth a name: address, word, how many, and whether it is the one that is on."""
    login = context.person.login
    rows = [(N_("Not mended yet"), FaultFilter("active"))]
    if may_manage(context.person.role):
        rows.append((N_("Taken on by me"), FaultFilter("active", owner=login)))
    if context.may("faults.report"):
        rows.append((N_("My reports"), FaultFilter(is_own=True)))
    rows += [(N_("Mended"), FaultFilter("resolved")), (N_("All"), FaultFilter())]
    counts = await counts_of([wish for _, wish in rows], context.person)
    return [
        (FaultAddress(wish).href(), context.say(word), count, address.filter == wish)
        for (word, wish), count in zip(rows, counts, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class OfferedFaultAct:
    """An act that the page offers."""

    name: FaultAct
    words: FaultActWords
    is_main: bool


def offered_acts(fault: VisibleFault, context: PageContext) -> list[OfferedFaultAct]:
    """What the reader may do with a fault; the first that leads on is the main act."""
    acts = acts_of(fault.state, context.person.role, fault.is_own)
    return [OfferedFaultAct(act, ACT_WORDS[act], act is acts[0]) for act in acts]


@dataclass(frozen=True, slots=True)
class FaultTasks:
    """What Today says of faults: what waits for who sees to them, faulty things that nobody reported, and what was
    mended of what the reader reported.
    """

    waiting: list[VisibleFault]
    more: int
    faulty: list[dict[str, Any]]
    more_faulty: int
    mended: list[VisibleFault]

    @property
    def count(self) -> int:
        return len(self.waiting) + self.more + len(self.faulty) + self.more_faulty + len(self.mended)


async def fault_tasks(person: Person, now: datetime) -> FaultTasks:
    """What Today says of faults to this person."""
    mended = await mended_for(person, now) if may(person.role, "faults.report") else []
    if not may_manage(person.role):
        return FaultTasks([], 0, [], 0, mended)
    waits, count = await waiting_faults(person, SHOWN)
    faulty, number = await faulty_without_report(SHOWN)
    return FaultTasks(waits, count - len(waits), faulty, number - len(faulty), mended)
