"""The Help Point as it is loaded into an empty register, on both databases."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from config.demo import lists
from config.demo.prepare import prepare
from config.settings import Settings
from registry.assets import queries
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, FundingShare, Purchase, Tag
from registry.bookings.models import Booking
from registry.core import seals
from registry.core.errors import Conflict
from registry.core.history import SYSTEM
from registry.core.statements import column
from registry.devices.models import Device, Trace
from registry.faults.models import Fault
from registry.grants.models import Grant
from registry.people.models import Institution, Person, Role
from registry.rooms.models import HoursPolicy, Room, StandardItem
from registry.stocktakes.books import books_of
from registry.stocktakes.models import Stocktake

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("help_point")


async def test_everything_is_there_once() -> None:
    counts = [await model.all().count() for model in (Institution, Person, Room, Asset, Purchase, Tag, Grant)]
    assert counts == [19, 43, 21, 595, 153, 595, 1]
    assert await Asset.filter(inventory_no=None).count() == 0
    assert await Asset.filter(room_id=None).count() == 0
    assert await Asset.filter(custodian_id=None).count() == 0
    assert await Asset.filter(purchase_id=None).count() == 0
    assert set(await Person.all().values_list("role", flat=True)) == set(Role)
    assert (await seals.verify())[1] is None


async def test_the_money_is_exact() -> None:
    listed = await queries.search(AssetFilter(grant="PL/2020/PR/0111"))
    assert (listed.total, listed.total_price) == (567, Decimal("677440.00"))
    amounts = await FundingShare.filter(grant_id__not_isnull=True).values_list("amount", flat=True)
    assert sum(amounts) == Decimal("508080.00")
    all_amounts = sum(await FundingShare.all().values_list("amount", flat=True))
    assert all_amounts == sum(await Asset.all().values_list("price", flat=True)) == Decimal("708780.00")


async def test_devices_are_called_by_their_room_and_are_assets() -> None:
    devices = {device.code: device for device in await Device.all().select_related("room", "asset")}
    codes = {"ZW-01-occ", "ZW-01-occ-2", "ZW-01-occ-3", "ZW-01-door", "ZW-01-air", "ZW-01-air-2", "JA-120-occ-2"}
    assert codes <= devices.keys()
    assert len(devices) == 27
    sensor = devices["ZW-01-occ"]
    assert (sensor.kind, sensor.sensing, sensor.hold_seconds, sensor.family) == ("presence", "mmwave", 300, "native")
    assert sensor.room is not None
    assert sensor.asset is not None
    assert (sensor.room.code, sensor.asset.name) == ("ZW-01", "Czujnik obecności mmWave")
    assert devices["ZW-01-door"].kind == "door_panel"
    assert devices["PP-02-air"].sensing == "co2"


async def test_rooms_have_the_rules_of_their_class() -> None:
    team = await Room.get(code="ZW-01").select_related("opening")
    assert (team.check_in, team.no_show_minutes, team.vacant_minutes, team.panel_books) == (True, 10, 15, True)
    assert (team.hours_policy, team.cleanup_minutes, team.max_days_ahead) == (HoursPolicy.ADVISORY, 0, 400)
    assert team.opening is not None
    assert (team.opening.code, team.opening.closed_on_holidays) == ("zespol", False)
    assert await team.institutions.all().count() == 0
    assert {room.code for room in await Room.filter(opening=None)} == {"ZW-02", "ZW-03"}, "for the Team on call"
    clients = await Room.get(code="PP-03").select_related("opening")
    assert (clients.check_in, clients.no_show_minutes, clients.panel_books) == (False, None, False)
    assert (clients.hours_policy, clients.cleanup_minutes) == (HoursPolicy.STRICT, 10)
    assert clients.opening is not None
    assert clients.opening.code == "obsluga_klienta"
    spans = await clients.opening.spans.all().order_by("weekday").values_list("weekday", "opens", "closes")
    assert spans[1] == (1, 480, 17 * 60 + 40)
    allowed = await clients.institutions.all().values_list("code", flat=True)
    assert set(allowed) == {"KPUW-WSOC", "ORA", "OIRP", "SG", "KWP"}


async def test_the_projector_is_in_repair_and_the_room_says_so() -> None:
    room = await Room.get(code="ZW-01")
    ready = await queries.readiness(room.id)
    assert [item.feature for item in ready.broken] == ["projector"]
    chairs = await StandardItem.get(room=room, name="Krzesło konferencyjne tapicerowane")
    assert chairs.quantity == 26
    rooms = await Room.filter(bookable=True).values_list("id", flat=True)
    others = await queries.readiness_of([one for one in rooms if one != room.id])
    assert all(one.ready for one in others.values())


async def test_there_are_faults_in_every_state() -> None:
    rows = await Fault.all().order_by("id").values_list("room__code", "state", "owner__login")
    assert [tuple(row) for row in rows] == [
        ("PP-07", "open", None), ("JA-120", "taken", "ewidencja1"), ("MG-01", "resolved", "ewidencja1"),
        ("JA-120", "open", None),
    ]  # fmt: skip


async def test_one_room_was_counted_and_another_is_being_counted() -> None:
    closed, running = await Stocktake.all().order_by("id")
    assert (closed.number.split("/")[0], closed.state, running.state) == ("1", "closed", "counting")
    kinds = [str(one.kind) for one in (await books_of(closed)).differences]
    assert kinds == ["shortage", "surplus", "foreign", "damaged"]


async def test_one_room_is_given_out_by_approval() -> None:
    approvers = await Room.filter(approvers__id__not_isnull=True).values_list("code", "approvers__login")
    assert [tuple(row) for row in approvers] == [("JA-120", "ewidencja1")]


@pytest.mark.databases("sqlite")
async def test_the_rooms_are_free_a_month_ahead(tmp_path: Path) -> None:
    await prepare(Settings(data_dir=tmp_path), NOW)
    assert await Booking.filter(series_id__isnull=False).count() == 3
    assert not await Booking.filter(starts_at__gt=NOW + timedelta(days=26)).exists()


async def test_it_is_loaded_once() -> None:
    with pytest.raises(RuntimeError, match=r"organizations.csv: 19 rows refused"):
        await lists.load_help_point(NOW, SYSTEM)


async def test_a_register_of_somebody_s_own_is_left_alone(tmp_path: Path) -> None:
    await Person.filter(login="recepcja1").update(login="ktos.inny")
    with pytest.raises(Conflict) as refused:
        await prepare(Settings(data_dir=tmp_path), NOW)
    assert refused.value.code == "demo.other_register"


async def test_nobody_is_said_to_have_come_where_no_sensor_is_simulated(tmp_path: Path) -> None:
    await prepare(Settings(data_dir=tmp_path), NOW)
    running = Booking.filter(starts_at__lte=NOW, ends_at__gt=NOW)
    assert {str(status) for status in await column(running, "status")} == {"confirmed"}
    waiting = Booking.filter(status="tentative", room__code="JA-120", starts_at__gt=NOW)
    assert set(await column(waiting, "organizer__login")) == {"czlonek1", "policjant1"}


async def test_the_sensors_saw_the_meetings_that_were_held(tmp_path: Path) -> None:
    """No more: not of the Help Point's rooms, nothing that is yet to come, nothing where nobody came."""
    await prepare(Settings(data_dir=tmp_path), NOW, is_lively=True)
    traces = await Trace.all().select_related("room")
    meetings = Booking.filter(
        room__visibility__in=["public", "internal"], checked_in_at__lt=NOW - timedelta(minutes=10)
    )
    assert {trace.room_id for trace in traces} == set(await column(meetings, "room_id"))
    assert {str(trace.room.visibility) for trace in traces} <= {"public", "internal"}
    assert all(trace.since <= trace.until <= NOW for trace in traces if trace.until)
    for booking in await Booking.filter(status="released"):
        during = Trace.filter(room_id=booking.room_id, since__lt=booking.ends_at, until__gt=booking.starts_at)
        assert not await during.exists()
