"""The panel over HTTP: what a door's page holds, what a tap does, how a change arrives, how a tablet gets its room."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from registry.bookings.models import Booking, Kind, Status
from registry.bookings.readings import record_readings, watch_started
from registry.core.clock import utc_now
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor, HistoryEntry
from registry.devices import pairing
from registry.devices.models import Device, Pairing
from registry.devices.occupancy import Reading
from registry.doors.actions import PanelCommand, panel_command
from registry.doors.queries import door
from registry.doors.view import Act, DoorView, OpenDoor, acts
from registry.people.models import Role, Session
from registry.people.queries import digest_of
from registry.rooms.models import Room, Visibility
from tests import make
from tests.conftest import Database
from tests.devices.broker.test_connection import until
from web.app import SiteOptions, create_site
from web.doors.hub import BEAT_SECONDS, Hub, PanelPlace
from web.doors.view import Screen, door_screen
from web.kit.render import Pages

pytestmark = pytest.mark.anyio
BASE = "http://testserver"
ORIGIN = {"origin": BASE}
PART = {"x-panel-part": "door"}
CANARY = "KANAREK-7f3a"
STAFF = Actor("obsługa", "web")
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
TELLING = re.compile(r"confidential|hidden|internal|poufn|consultation|data-class|visibility", re.IGNORECASE)


@pytest.fixture
async def site(database: Database, tmp_path: Path):
    return create_site(SiteOptions(secret_key="s" * 40, data_dir=tmp_path, base_url=BASE))


@asynccontextmanager
async def browser(site, **more) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url=BASE, **more) as client:
        yield client


async def make_door(**fields) -> tuple[Room, Device, str]:
    """A room with a panel, and the key that opens it."""
    room = await make.make_room(**{"panel_books": True, "check_in": True, "no_show_minutes": 10} | fields)
    key = f"key-{room.code}"
    device = await make.make_panel(code=f"{room.code}-door", room=room, key_digest=pairing.digest(key))
    return room, device, key


def now() -> datetime:
    return datetime.now(UTC)


async def tapped(device: Device, tap: str, command: str, at: datetime, **more) -> PanelCommand:
    """A tap about the booking that the door shows at this moment."""
    view = await door(device.room_id or 0, at, device)
    assert isinstance(view, OpenDoor)
    return PanelCommand(tap, command, **{"booking": view.booking, "revision": view.plan_revision} | more)


async def running(room: Room, **fields) -> Booking:
    start = now().replace(second=0, microsecond=0) - 20 * MINUTE
    return await make.make_booking(start, start + 80 * MINUTE, room=room, status=Status.CHECKED_IN, **fields)


# what the page holds


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_a_page_holds_what_its_class_may_show(site, visibility: Visibility) -> None:
    people = await make.make_people()
    room, _, key = await make_door(visibility=visibility, panel_books=False, name="Pokój " + CANARY)
    is_shy = visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN)
    kind = Kind.CONSULTATION if is_shy else Kind.MEETING
    await running(room, title=CANARY, organizer=people.alice, institution=await people.alice.institution, kind=kind)
    async with browser(site, cookies={"izba_panel": key}) as client:
        page = (await client.get("/panel")).text
    until = "do <" in page or re.search(r"do (jutra, )?\d\d:\d\d", page)
    assert bool(until) is (visibility is not Visibility.HIDDEN)
    assert "Zajęte" in page
    assert "Зайнято" in page
    assert (page.count(CANARY) > 0) is not is_shy  # an open door names its room
    assert bool(re.search(rf'<p class="title"[^>]*>{CANARY}</p>', page)) is (visibility is Visibility.PUBLIC)
    assert people.alice.name not in page
    assert (await people.alice.institution).name not in page
    if is_shy:
        assert "Punkt Pomocy" in page
        assert not TELLING.search(re.sub('(type=|aria-)"?hidden', "", page))
        assert 'class="day"' not in page


async def test_a_hidden_door_tells_no_time_but_the_clock(site) -> None:
    room, _, key = await make_door(visibility=Visibility.HIDDEN)
    await running(room, kind=Kind.CONSULTATION)
    async with browser(site, cookies={"izba_panel": key}) as client:
        page = (await client.get("/panel")).text
    without_clock = re.sub(
        r'data-(now|time)="[^"]*"|<time[^>]*>[^<]*</time>|&#34;link&#34;: ?&#34;[^&]*&#34;', "", page
    )
    without_clock = re.sub(r'<span data-t="link">[^<]*</span>|data-words="[^"]*"', "", without_clock)
    assert not re.search(r"\d\d:\d\d", without_clock)
    assert "data-holds" not in page


async def test_help_point_rooms_on_one_floor_look_alike(site) -> None:
    building = await make.make_building()
    await make.make_room(building=building, visibility=Visibility.CONFIDENTIAL)
    _, _, key = await make_door(building=building, panel_books=False, name="Pokój infolinii")
    async with browser(site, cookies={"izba_panel": key}) as client:
        page = (await client.get("/panel")).text
    assert "Punkt Pomocy" in page
    assert "infolinii" not in page


async def test_no_inline_script_or_style(site) -> None:
    _, _, key = await make_door()
    async with browser(site, cookies={"izba_panel": key}) as client:
        for path in ("/panel", "/panel?view=fault", "/panel?book=30"):
            answer = await client.get(path)
            assert " style=" not in answer.text
            assert not re.search(r"<script(?![^>]*src=)", answer.text)
            assert "unsafe" not in answer.headers["content-security-policy"]


# taps


async def test_booking_at_the_door_without_script(site) -> None:
    room, _, key = await make_door()
    async with browser(site, cookies={"izba_panel": key}) as client:
        question = (await client.get("/panel?book=30")).text
        tap = re.search(r'name="id" value="([^"]+)"', question)
        assert tap
        form = {"command": "book", "minutes": "30", "id": tap.group(1), "lang": "uk"}
        answers = [await client.post("/panel/command", data=form, headers=ORIGIN) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == "/panel?view=door&lang=uk"
    booking = await Booking.get(room_id=room.id)
    assert booking.ends_at - booking.starts_at == 30 * MINUTE
    assert (booking.source, booking.organizer_id, booking.status) == ("panel", None, Status.CHECKED_IN)
    entry = await HistoryEntry.get(object=f"booking:{booking.id}")
    assert (entry.actor, entry.source) == (f"{room.code}-door", "panel")


@pytest.mark.parametrize("headers", [{}, {"origin": "http://evil.example"}, {"origin": "null"}])
async def test_another_site_cannot_tap(site, headers: dict[str, str]) -> None:
    room, _, key = await make_door()
    async with browser(site, cookies={"izba_panel": key}) as client:
        answer = await client.post("/panel/command", data={"command": "book", "minutes": "15"}, headers=headers)
    assert answer.status_code == 403
    assert not await Booking.filter(room_id=room.id).exists()


async def test_a_refusal_says_why_and_where_instead(site) -> None:
    building = await make.make_building()
    room, _, key = await make_door(building=building)
    other = await make.make_room(building=building)
    await running(room, title=CANARY)
    async with browser(site, cookies={"izba_panel": key}) as client:
        data = {"command": "book", "minutes": "60", "id": "a"}
        answer = await client.post("/panel/command", data=data, headers=ORIGIN | PART)
    assert answer.status_code == 409
    assert "Pokój jest już zajęty." in answer.text
    assert f"Wolne teraz: {other.code}" in answer.text
    assert CANARY not in answer.text


async def test_without_a_key_nothing_is_done(site) -> None:
    async with browser(site) as client:
        answer = await client.post("/panel/command", data={"command": "end"}, headers=ORIGIN)
    assert answer.status_code == 404


# commands, wherever they come from


async def test_one_tap_is_one_booking(database: Database) -> None:
    room, device, _ = await make_door()
    tap = PanelCommand("tap-1", "book", 15)
    at = now().replace(second=59)
    first = await panel_command(device, tap, at)
    again = await panel_command(device, tap, at + timedelta(seconds=5))  # the minute has turned
    assert first
    assert again
    assert first.id == again.id
    assert await Booking.filter(room_id=room.id).count() == 1
    with pytest.raises(Conflict, match="used for another") as refused:
        await panel_command(device, PanelCommand("tap-1", "end"), at)
    assert refused.value.code == "request.key_reused"


async def test_a_booking_without_minutes_takes_the_shortest(database: Database) -> None:
    _, device, _ = await make_door()
    booking = await panel_command(device, PanelCommand("1", "book"), now().replace(second=0))
    assert booking
    assert booking.ends_at - booking.starts_at == 15 * MINUTE


async def test_a_room_that_was_ended_can_be_booked_in_the_same_minute(database: Database) -> None:
    room, device, _ = await make_door()
    at = now().replace(second=5)
    await panel_command(device, PanelCommand("1", "book", 30), at)
    await panel_command(device, await tapped(device, "2", "end", at + 20 * SECOND), at + 20 * SECOND)
    offered = acts(await door(room.id, at + 30 * SECOND, device))
    booking = await panel_command(device, PanelCommand("3", "book", 15), at + 30 * SECOND)
    assert Act("book", 15) in offered
    assert booking
    assert booking.ends_at == at.replace(second=0, microsecond=0) + 15 * MINUTE


async def test_many_taps_at_once_are_one_booking(database: Database) -> None:
    room, device, _ = await make_door()
    at = now()
    booking = await asyncio.gather(*(panel_command(device, PanelCommand("t", "book", 30), at) for _ in range(8)))
    assert len({booking.id for booking in booking if booking}) == 1
    assert await Booking.filter(room_id=room.id).count() == 1


async def test_extend_and_end_once_each(database: Database) -> None:
    room, device, _ = await make_door()
    booking = await running(room, source="panel")
    extend = await tapped(device, "e", "extend", now())
    for _ in range(2):
        longer = await panel_command(device, extend, now())
        assert longer
        assert longer.ends_at == booking.ends_at + 15 * MINUTE
    end = await tapped(device, "x", "end", now())
    for _ in range(2):
        ended = await panel_command(device, end, now())
        assert ended
        assert ended.status is Status.ENDED


async def test_check_in_for_what_runs_what_comes_and_what_was_released(database: Database) -> None:
    at = now()
    waiting, device, _ = await make_door()
    booking = await make.make_booking(at - 2 * MINUTE, at + 60 * MINUTE, room=waiting)
    booking = await panel_command(device, await tapped(device, "1", "check_in", at), at)
    assert booking
    assert booking.id == booking.id
    assert booking.status is Status.CHECKED_IN

    coming, device, _ = await make_door()
    booking = await make.make_booking(at + 9 * MINUTE, at + 60 * MINUTE, room=coming)
    booking = await panel_command(device, await tapped(device, "1", "check_in", at), at)
    assert booking
    assert booking.id == booking.id

    gone, device, _ = await make_door()
    booking = await make.make_booking(
        at - 12 * MINUTE, at - 2 * MINUTE, room=gone, status=Status.RELEASED, released_at=at - 2 * MINUTE,
        release_reason="no_show", planned_ends_at=at + 60 * MINUTE,
    )  # fmt: skip
    booking = await panel_command(device, await tapped(device, "1", "check_in", at), at)
    assert booking
    assert booking.ends_at == booking.planned_ends_at
    assert booking.protected

    empty, device, _ = await make_door()
    await make.make_booking(at + 11 * MINUTE, at + 60 * MINUTE, room=empty)
    with pytest.raises(Conflict):
        await panel_command(device, PanelCommand("1", "check_in"), at)


@pytest.mark.parametrize(
    "command", [PanelCommand("1", "book", 15), PanelCommand("1", "extend"), PanelCommand("1", "end")]
)
async def test_a_door_does_only_what_it_offers(database: Database, command: PanelCommand) -> None:
    for fields in ({"panel_books": False}, {"visibility": Visibility.CONFIDENTIAL}, {"visibility": Visibility.HIDDEN}):
        room, device, _ = await make_door(**fields)
        await running(room, kind=Kind.WORK)
        with pytest.raises(Forbidden) as refused:
            await panel_command(device, command, now())
        assert refused.value.code == "panel.not_allowed"
    _, device, _ = await make_door()
    device.enabled = False
    with pytest.raises(Forbidden):
        await panel_command(device, command, now())


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (PanelCommand("", "book", 15), "id"),
        (PanelCommand("x" * 201, "book", 15), "id"),
        (PanelCommand("1", "explode"), "command"),
        (PanelCommand("1", "book", 45), "minutes"),
        (PanelCommand("1", "extend", 600), "minutes"),
        (PanelCommand("1", "report_fault", kind="<b>"), "kind"),
        (PanelCommand("1", "end", kind="light"), "kind"),
    ],
)
async def test_a_malformed_command(database: Database, command: PanelCommand, fault: str) -> None:
    _, device, _ = await make_door()
    with pytest.raises(Invalid) as refused:
        await panel_command(device, command, now())
    assert refused.value.params == {"reason": fault}


async def test_a_sensor_or_a_panel_without_a_room_commands_nothing(database: Database) -> None:
    room = await make.make_room()
    for device in (await make.make_device(room=room), await make.make_panel()):
        with pytest.raises(NotFound):
            await panel_command(device, PanelCommand("1", "check_in"), now())


async def test_a_fault_is_reported_once_and_by_nobody(database: Database) -> None:
    room, device, _ = await make_door(visibility=Visibility.HIDDEN)
    for _ in range(2):
        assert await panel_command(device, PanelCommand("f", "report_fault", kind="light"), now()) is None
    entry = await HistoryEntry.get(object=f"room:{room.id}", action="fault_reported")
    assert entry.after == {"kind": "light"}
    assert entry.source == "panel"


# live


@asynccontextmanager
async def seated(site, device: Device) -> AsyncIterator[tuple[Hub, PanelPlace, AsyncIterator[bytes]]]:
    hub = Hub(site.state.pages, utc_now)
    async with hub.seat(device) as seat:
        yield hub, seat, messages_of(seat)


async def messages_of(place: PanelPlace) -> AsyncIterator[bytes]:
    """What its panel is sent, one by one."""
    while place.is_open:
        await place.wake.wait()
        place.wake.clear()
        for message in place.take().split(b"\n\n")[:-1]:
            yield message + b"\n\n"


async def arrives(messages: AsyncIterator[bytes], name: str) -> str:
    async def wait() -> str:
        async for message in messages:
            if message.startswith(f"event: {name}\n".encode()):
                return message.decode()
        raise AssertionError("the stream ended")

    return await asyncio.wait_for(wait(), 30)


async def test_a_reading_changes_the_open_door_within_a_second(site) -> None:
    room, device, _ = await make_door()
    sensor = await make.make_device(room=room)
    await watch_started(now() - timedelta(hours=1))
    async with seated(site, device) as (_, _, messages):
        assert 'data-state="unknown"' in await arrives(messages, "door")
        took = []
        while not took or took[-1] >= 1 and len(took) < 10:  # once more, if the machine was busy with something else
            if took:
                await record_readings([Reading(sensor.id, at=now(), distrust="tamper")], now())
                assert 'data-state="unknown"' in await arrives(messages, "door")
            began = time.monotonic()
            await record_readings([Reading(sensor.id, at=now(), occupied=True, distrust="")], now())
            assert 'data-state="occupied"' in await arrives(messages, "door")
            took.append(time.monotonic() - began)
        assert took[-1] < 1, took


async def test_panels_of_one_room_share_their_bytes_and_a_slow_one_keeps_the_newest(site) -> None:
    room, device, _ = await make_door()
    second = await make.make_panel(code="second", room=room, key_digest="b")
    hub = Hub(site.state.pages, utc_now)
    async with hub.seat(device) as fast, hub.seat(second) as slow:
        messages = messages_of(fast)
        await arrives(messages, "door")
        assert len(hub.faces) == 1
        at = now() - 40 * SECOND
        for number in range(3):
            await panel_command(device, PanelCommand(f"b{number}", "book", 15), at + 10 * number * SECOND)
            assert 'data-state="busy"' in await arrives(messages, "door")
            later = at + (10 * number + 5) * SECOND
            await panel_command(device, await tapped(device, f"e{number}", "end", later), later)
            assert 'data-state="free"' in await arrives(messages, "door")
        assert len(slow.waiting) == 1  # one door waits, not seven
        assert 'data-state="free"' in slow.waiting["door"].decode()
        newest = next(iter(hub.faces.values())).message
        assert slow.waiting["door"] is newest
    assert hub.task is None
    assert hub.faces == {}


async def test_a_change_that_looks_the_same_is_not_sent(site) -> None:
    room, device, _ = await make_door()
    async with seated(site, device) as (hub, seat, messages):
        await arrives(messages, "door")
        await make.make_booking(now() + timedelta(days=3), room=room)
        await Room.filter(id=room.id).update(revision=99, version=99)
        hub._mark(next(iter(hub.faces)))
        await until(lambda: next(iter(hub.faces.values())).revision == 99)
        assert "door" not in seat.waiting


async def test_two_doors_in_turn_are_drawn_once(site, monkeypatch) -> None:
    room, device, _ = await make_door()
    sensor = await make.make_device(room=room, hold_seconds=0)
    minute = now().replace(second=0, microsecond=0)
    await watch_started(minute - timedelta(hours=1))
    drawings: list[str] = []

    def draw(pages: Pages, view: DoorView, languages: Sequence[str]) -> Screen:
        drawings.append(view.state)
        return door_screen(pages, view, languages)

    monkeypatch.setattr("web.doors.hub.door_screen", draw)
    hub = Hub(site.state.pages, lambda: minute + 30 * SECOND)
    async with hub.seat(device) as seat:
        messages = messages_of(seat)
        await arrives(messages, "door")
        for second in range(6):
            is_occupied, at = second % 2 == 0, minute + second * SECOND
            await record_readings([Reading(sensor.id, at=at, occupied=is_occupied)], at)
            state = "occupied" if is_occupied else "free"
            assert f'data-state="{state}"' in await arrives(messages, "door")
    assert drawings == ["unknown", "occupied", "free"]


async def test_a_beat_means_that_the_register_was_asked(site, monkeypatch) -> None:
    room, device, _ = await make_door()
    async with seated(site, device) as (hub, seat, messages):
        await arrives(messages, "door")
        await hub._beat()
        beat = seat.waiting.pop("beat").decode()
        assert re.match(r"event: beat\ndata: \d\d:\d\d:\d\d \w+ \d{10}\n\n", beat)
        # an event was lost: the beat sees the revision
        await make.make_booking(now() - MINUTE, room=room, status=Status.CHECKED_IN)
        await Room.filter(id=room.id).update(revision=5, version=5)
        await hub._beat()
        assert 'data-state="busy"' in seat.waiting.pop("door").decode()
        await Room.filter(id=room.id).update(revision=6, version=6)

        async def fails(*_: object) -> None:
            raise OSError("the database is away")

        monkeypatch.setattr("web.doors.hub.door", fails)
        seat.waiting.clear()
        await hub._beat()
        assert seat.waiting == {}


async def test_an_unpaired_panel_is_told_to_ask_again(site) -> None:
    _, device, _ = await make_door()
    async with seated(site, device) as (_, _, messages):
        await arrives(messages, "door")
        await pairing.unpair(device.id, STAFF, now())
        await arrives(messages, "again")


async def test_the_stream_ends_when_the_site_stops(site) -> None:
    _, device, _ = await make_door()
    async with seated(site, device) as (hub, _, messages):
        await arrives(messages, "door")
        await hub.stop()
        with pytest.raises(AssertionError, match="ended"):
            await arrives(messages, "door")
    assert BEAT_SECONDS == 10


async def test_a_stranger_gets_no_stream(site) -> None:
    async with browser(site) as client:
        answer = await client.get("/panel/events")
    assert answer.text.startswith("event: again")


# pairing


async def test_a_tablet_becomes_the_panel_of_the_room_that_staff_choose(site) -> None:
    room = await make.make_room(code="ZW-09", number="9.09")
    async with browser(site) as tablet:
        page = (await tablet.get("/panel")).text
        code = re.search(r'<h1 class="word"[^>]*>([^<]+)</h1>', page)
        assert code
        assert 'class="qr"' in page
        assert (await tablet.get("/panel")).text.count(code.group(1)) > 0  # a reload keeps the code
        assert (await tablet.get("/panel/waiting")).status_code == 204
        device = await pairing.pair(code.group(1).lower(), "ZW-09", STAFF, now())
        assert (device.code, device.room_id) == ("ZW-09-door", room.id)
        assert (await tablet.get("/panel/waiting")).status_code == 205
        assert ">9.09<" in (await tablet.get("/panel")).text
    entry = await HistoryEntry.get(object=f"device:{device.id}")
    assert (entry.action, entry.actor) == ("paired", "obsługa")
    assert await Pairing.all().count() == 0


async def test_a_second_panel_of_a_room_has_a_name_of_its_own(database: Database) -> None:
    room = await make.make_room(code="ZW-09")
    codes = []
    for _ in range(3):
        offer = pairing.offer(now())
        codes.append((await pairing.pair(offer.code, room.code, STAFF, now())).code)
    assert codes == ["ZW-09-door", "ZW-09-door-2", "ZW-09-door-3"]


async def test_a_code_is_good_for_ten_minutes_and_once(database: Database) -> None:
    room = await make.make_room()
    old = pairing.offer(now() - pairing.VALID_FOR)
    fresh = pairing.offer(now())
    await pairing.pair(fresh.code, room.code, STAFF, now())
    for code in (old.code, fresh.code, "KANAREK"):
        with pytest.raises(NotFound) as refused:
            await pairing.pair(code, room.code, STAFF, now())
        assert refused.value.code == "panel.code_unknown"
    with pytest.raises(NotFound):
        await pairing.pair(pairing.offer(now()).code, "NOWHERE", STAFF, now())


def tablet_at(site, address: str) -> httpx.AsyncClient:
    """A browser of its own at an address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(site, client=(address, 1)), base_url=BASE)


async def code_shown(tablet: httpx.AsyncClient) -> str:
    title = re.search(r'<h1 class="word"[^>]*>([^<]+)</h1>', (await tablet.get("/panel")).text)
    assert title
    return pairing.plain_code(title.group(1))


async def test_who_only_looks_at_the_panel_page_writes_nothing_and_takes_nobodys_code(site) -> None:
    room = await make.make_room()
    async with tablet_at(site, "10.0.0.1") as tablet:
        code = await code_shown(tablet)
        assert (await tablet.get("/panel/waiting")).status_code == 204
        statuses = []
        for _ in range(205):
            async with tablet_at(site, "10.0.0.1") as other:
                statuses.append((await other.get("/panel")).status_code)
        assert statuses.count(429) >= 205 - 2 * pairing.OFFERS_A_MINUTE, "it costs little, too"
        assert await Pairing.all().count() == 1
        assert (await tablet.get("/panel/waiting")).status_code == 204
        assert await code_shown(tablet) == code
        await pairing.pair(code, room.code, STAFF, now())


async def test_one_address_stores_few_pairings_and_displaces_its_own(site, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make.make_room()
    async with tablet_at(site, "10.0.0.1") as tablet, tablet_at(site, "10.0.0.2") as second:
        codes = [await code_shown(one) for one in (tablet, second)]
        for one in (tablet, second):
            assert (await one.get("/panel/waiting")).status_code == 204
        keys = [pairing.offer(now() - 2 * SECOND).key for _ in range(30)]
        for key in keys:
            assert await pairing.waiting(key, "10.0.0.2", now())
        assert await Pairing.filter(address="10.0.0.2").count() == pairing.STORED_A_MINUTE
        monkeypatch.setattr(pairing, "STORED_A_MINUTE", 1000)
        for key in keys:
            assert (await second.get("/panel/waiting")).status_code == 204
            assert await pairing.waiting(key, "10.0.0.2", now())
        assert await Pairing.filter(address="10.0.0.2").count() == pairing.OF_ONE_ADDRESS
        for code in codes:
            assert await Pairing.filter(code=code).exists(), "whoever asks keeps it"
            await pairing.pair(code, room.code, STAFF, now())


async def test_a_tablets_key_survives_a_restart_and_an_old_one_is_good_for_nothing(database: Database) -> None:
    offer = pairing.offer(now())
    pairing._offers.clear()
    again = await pairing.waiting(offer.key, "10.0.0.1", now())
    assert again
    assert again.code == offer.code
    assert await pairing.waiting(offer.key, "10.0.0.1", offer.expires_at) is None
    for key in ("", "key-R-1", "x" * 43 + ".ffffffff", offer.key + "0"):
        assert await pairing.waiting(key, "10.0.0.1", now()) is None


async def test_codes_hold_nothing_that_reads_like_another(database: Database) -> None:
    assert not set(pairing.ALPHABET) & set("0OQD1IL2Z5S8BUV")
    offers = [pairing.offer(now()) for _ in range(5)]
    assert len({offer.code for offer in offers}) == 5
    assert all(re.fullmatch(f"[{pairing.ALPHABET}]{{6}}", offer.code) for offer in offers)


async def test_the_link_of_the_demo_opens_the_panel(site) -> None:
    _, _, key = await make_door(number="7.07")
    async with browser(site) as client:
        answer = await client.get(f"/panel/open/{key}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/panel")
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert ">7.07<" in (await client.get("/panel")).text
        assert (await client.get("/panel/open/nothing")).status_code == 404


async def test_only_staff_pair(site) -> None:
    async with browser(site) as client:
        answer = await client.get("/panel/pair?code=ABC")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/panel/pair%3Fcode%3DABC")
    person = await make.make_person(role=Role.MEMBER, login="member")
    staff = await make.make_person(role=Role.FACILITIES, login="staff")
    room = await make.make_room()
    offer = pairing.offer(now())
    for who, status in ((person, 403), (staff, 200)):
        secret = f"secret-{who.login}"
        expires = now() + timedelta(hours=1)
        await Session.create(person=who, digest=digest_of(secret), created_at=now(), expires_at=expires)
        async with browser(site, cookies={"izba_session": secret}) as client:
            page = await client.get(f"/panel/pair?code={offer.code}")
            assert page.status_code == status
            token = re.search(r'name="csrf" value="([^"]+)"', page.text)
            form = {"code": offer.code, "room": room.code, "csrf": token.group(1) if token else ""}
            answer = await client.post("/panel/pair", data=form, follow_redirects=True)
            assert answer.status_code == status
    assert await Device.filter(room_id=room.id).count() == 1
