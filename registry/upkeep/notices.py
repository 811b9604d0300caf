"""What ends soon is told to who has it in their care; what nobody has, to who looks after the assets."""

from datetime import date, datetime, timedelta
from hashlib import sha256

from registry.assets.orders import Clause
from registry.assets.search import listed
from registry.core.transaction import reading_from
from registry.outbox.actions import NewNotice, remind
from registry.people.queries import people_who_may
from registry.upkeep.queries import COLUMNS, between
from registry.upkeep.rules import DueKind

NOTICE = timedelta(days=30)
KINDS = {DueKind.WARRANTY: "warranty.ending", DueKind.DURABILITY: "durability.ending"}
AT_MOST = 2000
_ENDS = (
    "FROM asset WHERE {where} GROUP BY asset.{day}, asset.name, asset.custodian_id ORDER BY asset.{day} LIMIT {most}"
)
_COLUMNS = ("asset.{day}", "asset.name", "COUNT(*)", "MIN(asset.id)", "asset.custodian_id")


async def tell_of_ends(today: date, now: datetime) -> int:
    """Tell of what ends within thirty days, of pieces of one name and day together and once. Returns how many notices
    are new.
    """
    stewards: list[int] | None = None
    notices = []
    for kind, column in COLUMNS.items():
        for day, name, many, asset_id, custodian_id in await _ends(column, today):
            if custodian_id is None and stewards is None:
                stewards = await people_who_may("assets.change")
            people = stewards or [] if custodian_id is None else [custodian_id]
            facts = {"name": name if many == 1 else f"{many} × {name}", "day": day}
            thing = f"asset:{asset_id}" if many == 1 else "due:"
            event = f"{KINDS[kind]}:{day}:{custodian_id or 0}:{sha256(name.encode()).hexdigest()[:16]}"
            notices += [NewNotice(person_id, KINDS[kind], event, thing, facts) for person_id in people]
    return await remind(notices, now)


async def _ends(column: str, today: date) -> list[tuple[str, str, int, int, int | None]]:
    clause = between(column, today, today + NOTICE, None)
    rest = Clause(_ENDS.format(where=clause.sql, day=column, most=AT_MOST), clause.values)
    rows = await listed(reading_from(), [name.format(day=column) for name in _COLUMNS], rest)
    return [(str(day), name, int(many), asset_id, custodian_id) for day, name, many, asset_id, custodian_id in rows]
