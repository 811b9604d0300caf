"""What somebody organized, as their own page asks for it."""

from datetime import timedelta

import pytest

from registry.bookings.queries import past_bookings
from registry.core.transaction import reading_from
from tests.conftest import Database
from tests.make import NOW, make_booking, make_person, make_room
from tests.statements import Statements

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def test_what_is_over_and_what_was_given_back_comes_the_latest_first(database: Database) -> None:
    person, room = await make_person(), await make_room()
    for hours, status in ((-48, "ended"), (-24, "released"), (-2, "confirmed"), (24, "cancelled"), (48, "confirmed")):
        await make_booking(NOW + hours * HOUR, room=room, organizer=person, status=status)
    await make_booking(NOW - 5 * HOUR, room=room, organizer=await make_person())
    past = await past_bookings(person, NOW)
    assert [(one.starts_at - NOW) / HOUR for one in past] == [24, -2, -24, -48]
    assert [(one.starts_at - NOW) / HOUR for one in await past_bookings(person, NOW, 2)] == [24, -2]


@pytest.mark.databases("sqlite")
async def test_years_of_bookings_are_neither_read_nor_sorted(database: Database, statements: Statements) -> None:
    await past_bookings(await make_person(), NOW)
    texts = [one.text for one in statements if 'FROM "booking"' in one.text]
    assert len(texts) == 2
    for text in texts:
        rows = await reading_from().execute_query_dict(f"EXPLAIN QUERY PLAN {text}", ["1"] * text.count("?"))
        plan = "\n".join(row["detail"] for row in rows)
        assert "(organizer_id=? AND ends_at" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
