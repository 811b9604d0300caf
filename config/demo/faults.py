"""The demo's faults: what people of the Help Point and its doors reported, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.core.history import Actor
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import FaultAct
from registry.people.queries import people_of
from registry.rooms.queries import room_by_code

DOOR = "JA-120-door"
CLERK = "ewidencja1"


@dataclass(frozen=True, slots=True)
class DemoFault:
    """One fault: who reported it (a login, or nobody at the door), so long ago, and what was done with which words."""

    room: str
    ago: timedelta
    reporter: str = ""
    kind: str = ""
    text: str = ""
    acts: Sequence[tuple[FaultAct, str]] = ()


FAULTS = (
    DemoFault("PP-07", timedelta(days=3), "recepcja1", text="Nie domyka się okno przy stoliku."),
    DemoFault(
        "JA-120", timedelta(days=2), "koordynator", "network", "Wi-Fi zrywa połączenie przy wejściu.",
        ((FaultAct.TAKE, "sprawdzę punkt dostępowy"),),
    ),
    DemoFault(
        "MG-01", timedelta(days=2), "konsultant1", "light", "Nie świeci lampa nad regałem B.",
        ((FaultAct.TAKE, ""), (FaultAct.RESOLVE, "wymieniona świetlówka")),
    ),
    DemoFault("JA-120", timedelta(hours=3), kind="furniture"),
)  # fmt: skip


async def lay_faults(now: datetime) -> None:
    """Write the demo's faults into an empty register."""
    people = {person.login: person for person in await people_of({CLERK, *(one.reporter for one in FAULTS)})}
    clerk = Actor(people[CLERK].name, "demo", people[CLERK].id)
    for one in FAULTS:
        person = people.get(one.reporter)
        actor = Actor(person.name, "demo", person.id) if person else Actor(DOOR, "panel")
        room = await room_by_code(one.room)
        filed = await report(NewReport(room.id, kind=one.kind, text=one.text), actor, now - one.ago)
        for step, (act, text) in enumerate(one.acts, 1):
            await act_on(act, filed.fault.id, text, clerk, now - one.ago + timedelta(hours=4 * step))
