"""What ends soon is told to who has it in their care; what nobody has, to who looks after the assets. What is due back
is told to who borrowed it.
"""

from datetime import date, datetime, timedelta
from hashlib import sha256

from registry.assets.orders import Clause
from registry.assets.search import listed
from registry.core.transaction import reading_from
from registry.outbox.actions import NewNotice, remind
from registry.people.queries import people_who_may
from registry.upkeep.queries import COLUMNS, ENDS, between
from registry.upkeep.rules import OVERDUE, DueKind

NOTICE = timedelta(days=30)
BACK = timedelta(days=3)  # before a loan is due, its borrower hears of it
KINDS = {DueKind.WARRANTY: "warranty.ending", DueKind.DURABILITY: "durability.ending"}
AT_MOST = 2000
_ENDS = "FROM asset WHERE {where} GROUP BY asset.{day}, asset.name, asset.{who} ORDER BY asset.{day} LIMIT {most}"
_COLUMNS = ("asset.{day}", "asset.name", "COUNT(*)", "MIN(asset.id)", "asset.{who}")


async def tell_of_ends(today: date, now: datetime) -> int:
    """Tell of what ends within thirty days, of pieces of one name and day together and once. Returns how many notices
    are new.
    """
    stewards: list[int] | None = None
    notices = []
    for kind, column in ENDS.items():
        for day, name, many, asset_id, custodian_id in await _ends(column, today):
            if custodian_id is None and stewards is None:
                stewards = await people_who_may("assets.change")
            people = stewards or [] if custodian_id is None else [custodian_id]
            facts = {"name": name if many == 1 else f"{many} × {name}", "day": day}
            thing = f"asset:{asset_id}" if many == 1 else "due:"
            event = f"{KINDS[kind]}:{day}:{custodian_id or 0}:{sha256(name.encode()).hexdigest()[:16]}"
            notices += [NewNotice(person_id, KINDS[kind], event, thing, facts) for person_id in people]
    return await remind(notices, now)


async def tell_of_loans(today: date, now: datetime) -> int:
    """Tell who borrowed something three days before it is due back, and again on that day or, where nobody looked then,
    after it. Returns how many notices are new.
    """
    notices = []
    column = COLUMNS[DueKind.LOAN]
    for day, name, many, asset_id, borrower_id in await _rows(column, "borrower_id", today - OVERDUE, today + BACK):
        if borrower_id is not None:
            facts = {"name": name if many == 1 else f"{many} × {name}", "day": day}
            stage = "soon" if day > today.isoformat() else "now"
            event = f"loan.due:{stage}:{day}:{borrower_id}:{sha256(name.encode()).hexdigest()[:16]}"
            thing = f"asset:{asset_id}" if many == 1 else "due:"
            notices.append(NewNotice(borrower_id, "loan.due", event, thing, facts))
    return await remind(notices, now)


async def _ends(column: str, today: date) -> list[tuple[str, str, int, int, int | None]]:
    return await _rows(column, "custodian_id", today, today + NOTICE)


async def _rows(column: str, who: str, first: date, last: date) -> list[tuple[str, str, int, int, int | None]]:
    """What ends between two days: the day, the name, how many, the first of them, and whose they are."""
    clause = between(column, first, last, None)
    rest = Clause(_ENDS.format(where=clause.sql, day=column, who=who, most=AT_MOST), clause.values)
    rows = await listed(reading_from(), [name.format(day=column, who=who) for name in _COLUMNS], rest)
    return [(str(day), name, int(many), asset_id, person_id) for day, name, many, asset_id, person_id in rows]
