"""The demo's building works: what the conference room was fitted out with, and what comes next."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from registry.core.history import Actor
from registry.grants.queries import all_grants
from registry.works.actions import finish_works, make_works, put_assets
from registry.works.rules import NewWorks

FITTED_ON = date(2022, 5, 20)
FITTED = ("Projektor laserowy 5000 lm", "Ekran projekcyjny elektryczny", "Mównica")


async def lay_works(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """Plan the demo's works, with pieces as ``standing_pieces`` gives them."""
    grant = next((row["code"] for row in await all_grants()), "")
    past = NewWorks(
        "Wyposażenie sali konferencyjnej", date(2022, 4, 4), FITTED_ON, ("ZW-01", "ZW-04"),
        "Instalacja audiowizualna, ekran i nagłośnienie.", grant,
    )  # fmt: skip
    works = await make_works(past, actor, now)
    ids = [piece["id"] for piece in pieces if piece["room"] == "ZW-01" and piece["name"] in FITTED]
    await put_assets(works.id, ids, actor, now)
    await finish_works(works.id, FITTED_ON, actor, now)
    first = now.date() + timedelta(days=25)
    coming = NewWorks(
        "Malowanie pokojów konsultacji", first, first + timedelta(days=4), ("PP-03", "PP-04"), "Ściany i sufity."
    )
    await make_works(coming, actor, now)
