"""What the register is beside what its history says, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from tortoise.connection import get_connections

from registry.bookings.actions import cancel
from registry.bookings.models import Booking
from registry.bookings.projections import as_entry
from registry.core import history, seals
from registry.core.history import SYSTEM, HistoryEntry, HistorySeal
from registry.exporting.history_check import Divergence, first_divergence
from registry.importing import undo
from registry.importing.sessions import send
from registry.importing.writing import commit
from registry.people import accounts
from registry.people import actions as people
from registry.people.models import Person
from tests.make import make_booking
from tests.registry.importing.test_lists import bring

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def office() -> tuple[Person, str]:
    """An account, a piece and nothing else; the name of the piece in the history."""
    person = await people.add_person("alice", "Alice", "member", None, None, SYSTEM, NOW)
    await bring("Nr inw.;Nazwa;KŚT;Data OT;Wartość\nA/1;Krzesło;808;1.4.2022;10,50")
    entry = await HistoryEntry.filter(object__startswith="asset:").first()
    assert entry is not None
    return person, entry.object


async def altered(query: str) -> None:
    await get_connections().get("default").execute_query(query)


async def test_an_untouched_register_is_what_its_history_says() -> None:
    person, _ = await office()
    await accounts.change_role(person, "duty", SYSTEM, NOW)
    assert await first_divergence() is None


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("UPDATE person SET role = 'admin'", "role"),
        ("UPDATE asset SET price = '1.00'", "price"),
        ("UPDATE asset SET condition = 'faulty'", "condition"),
        ("DELETE FROM history_entry WHERE object LIKE 'person:%'", ""),
    ],
)
async def test_a_row_that_was_changed_behind_its_history_is_found(query: str, column: str) -> None:
    person, asset = await office()
    await altered(query)
    thing = asset if "asset" in query else f"person:{person.id}"
    assert await first_divergence() == Divergence(thing, column)


async def test_last_entries_that_were_cut_off_and_rows_that_were_removed_are_found() -> None:
    booking = await make_booking()
    assert await first_divergence() == Divergence(f"booking:{booking.id}"), "nothing was ever written of it"
    await history.write(f"booking:{booking.id}", "booked", SYSTEM, NOW, after=as_entry(booking))
    await cancel(booking.id, None, SYSTEM, booking.starts_at)
    assert await first_divergence() is None
    last = await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("-seq").first()
    assert last is not None
    await HistoryEntry.filter(id=last.id).delete()
    assert await first_divergence() == Divergence(f"booking:{booking.id}", "status")
    await Booking.filter(id=booking.id).delete()
    assert await first_divergence() == Divergence(f"booking:{booking.id}")


@pytest.mark.parametrize("family", ["assets", "people"])
async def test_what_went_with_its_undone_list_is_not_missed_and_what_was_removed_is(family: str) -> None:
    owner = await people.add_person("alice", "Alice", "member", None, None, SYSTEM, NOW)
    text = "Nr inw.;Nazwa\nA/1;Krzesło\nA/2;Stół" if family == "assets" else "login;nazwa;rola\nnowy;Nowy;member"
    lists = [await send(text.encode(), "lista.csv", family, owner.id, NOW) for _ in range(2)]
    await commit(lists[0].id, owner.id, SYSTEM, NOW)
    await undo.undo(lists[0].id, owner.id, SYSTEM, NOW)
    assert await first_divergence() is None
    await commit(lists[1].id, owner.id, SYSTEM, NOW)
    assert await first_divergence() is None
    last = await HistoryEntry.filter(action="imported").order_by("-id").first()
    assert last is not None
    kind, _, pk = last.object.partition(":")
    await altered(f"DELETE FROM tag WHERE asset_id = {pk}" if kind == "asset" else "SELECT 1")
    await altered(f"DELETE FROM {kind} WHERE id = {pk}")
    assert await first_divergence() == Divergence(last.object)


async def test_seals_that_are_gone_are_missed() -> None:
    await office()
    assert not await seals.are_seals_gone(NOW + timedelta(days=1)), "there was none yet"
    assert await seals.are_seals_gone(NOW + timedelta(days=4)), "nobody sealed for days"
    await seals.seal(NOW)
    assert not await seals.are_seals_gone(NOW + timedelta(days=40))
    await HistorySeal.filter(id__gt=0).delete()
    assert await seals.are_seals_gone(NOW + timedelta(hours=1))
