"""The demo's saved views of the office."""

from datetime import datetime

from registry.core.history import Actor
from registry.people.queries import person_by_login
from registry.saved_views.actions import save_view

CLERK = "ewidencja1"
VIEWS = {
    "Sala konferencyjna": "room=ZW-01",
    "Etykieta niewydrukowana": "printed=no",
    "Bez numeru seryjnego": "without=serial&cols=number,name,room,serial",
}


async def save_views(actor: Actor, now: datetime) -> None:
    """What the keeper of the register would save first."""
    person = await person_by_login(CLERK)
    for name, query in VIEWS.items():
        await save_view(name, query, True, person, actor, now)
