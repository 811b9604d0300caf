"""What the office has set, how far its setting up is, and its first steps."""

from dataclasses import dataclass
from datetime import datetime

from registry.core.statements import ask
from registry.office.models import OfficeSetting, SetUp
from registry.office.rules import FirstStep
from registry.people.queries import has_people
from registry.rooms.models import Building, Room, Site

# one statement however large the office is: each is found by an index or ends at its second row
_COUNTS = """
SELECT (SELECT count(*) FROM building) AS places,
       (SELECT count(*) FROM (SELECT 1 FROM room LIMIT 1000) AS part) AS rooms,
       (SELECT count(*) FROM (SELECT 1 FROM person WHERE is_active LIMIT 1000) AS part) AS people,
       (SELECT count(*) FROM (SELECT 1 FROM opening_span LIMIT 1) AS part) AS hours,
       (SELECT count(*) FROM device WHERE kind = 'door_panel' AND key_digest IS NOT NULL) AS panels,
       (SELECT count(*) FROM (SELECT 1 FROM label_run LIMIT 1) AS part) AS labels
"""


@dataclass(frozen=True, slots=True)
class SetUpProgress:
    """How far an office is set up: what it has of each."""

    is_named: bool
    has_people: bool
    has_site: bool
    has_building: bool
    has_room: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the set-up page is left to answer."""
        return self.has_people and self.has_site and self.has_building and self.has_room


async def office_settings() -> dict[str, str]:
    """What was set from a page, by the name of the setting; a secret encrypted."""
    return dict(await OfficeSetting.all().values_list("name", "value"))


async def progress() -> SetUpProgress:
    """How far the set-up is, by what is there."""
    return SetUpProgress(
        is_named=await OfficeSetting.filter(name="office_name").exists(),
        has_people=await has_people(),
        has_site=await Site.exists(),
        has_building=await Building.exists(),
        has_room=await Room.exists(),
    )


async def first_site() -> Site | None:
    """The first site; None before there is one."""
    return await Site.all().order_by("id").first()


async def first_building() -> Building | None:
    """The first building; None before there is one."""
    return await Building.all().order_by("id").first()


async def code_made_at() -> datetime | None:
    """When the set-up code that counts was made; None where there is none or the set-up is over."""
    row = await SetUp.get_or_none(id=1)
    return row.code_made_at if row and row.code_hash and row.finished_at is None else None


async def first_steps() -> tuple[dict[FirstStep, int], frozenset[str]] | None:
    """What the register holds of each step, and which steps were put off; None for an office that was not set up by
    the set-up: it has long begun.
    """
    row = await SetUp.get_or_none(id=1)
    if row is None or row.finished_at is None:
        return None
    (counts,) = await ask(_COUNTS, [])
    numbers = {
        FirstStep.PLACES: counts["places"], FirstStep.ROOMS: counts["rooms"], FirstStep.PEOPLE: counts["people"],
        FirstStep.HOURS: counts["hours"], FirstStep.PANEL: counts["panels"], FirstStep.LABELS: counts["labels"],
    }  # fmt: skip
    return numbers, frozenset(row.put_off)
