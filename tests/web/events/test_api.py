"""The event stream: what is told, to whom, and what becomes of a reader that does not keep up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from registry.bookings.models import Booking
from registry.bookings.readings import record_readings, watch_started
from registry.core import events
from registry.core.events import AssetChanged, DeviceChanged, RoomChanged
from registry.devices.occupancy import Reading
from registry.rooms.lock import changing
from tests.make import make_device
from tests.web.conftest import Office
from web.kit import live
from web.kit.live import live_of

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine one would come where nothing is awaited."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 3600.0)


class Listener:
    """A connection to GET /events, spoken to in plain ASGI."""

    def __init__(self) -> None:
        self.chunks = asyncio.Queue[bytes]()
        self.blocks: list[str] = []
        self.leaves = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.status = 0

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.may_read.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.chunks.put_nowait(message["body"])

    async def next(self) -> tuple[str, Any]:
        """The next event's name and data."""
        while True:
            while self.blocks:  # a write may hold several
                block = self.blocks.pop(0)
                lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if "event" in lines:
                    return lines["event"], orjson.loads(lines["data"])
            self.blocks += (await asyncio.wait_for(self.chunks.get(), 30)).decode().split("\n\n")


@asynccontextmanager
async def listening(office: Office, who: str, **headers: str) -> AsyncIterator[tuple[Listener, asyncio.Task[None]]]:
    listener = Listener()
    all_headers = {"authorization": f"Bearer {office.tokens[who]}", **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/api/v1/events", "raw_path": b"/api/v1/events", "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
        "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    running = asyncio.create_task(office.app(scope, listener.receive, listener.send))
    await asyncio.wait_for(listener.chunks.get(), 30)
    try:
        yield listener, running
    finally:
        listener.may_read.set()
        listener.leaves.set()
        await asyncio.wait_for(running, 30)


async def test_a_change_is_told_at_once(office: Office) -> None:
    async with listening(office, "bob", **{"last-event-id": "M-1:0"}) as (listener, _):
        assert listener.status == 200
        await office.book()
        name, state = await listener.next()
        assert (name, state["room"], state["revision"]) == ("room", "M-1", 1)
        assert state.keys() == (await office.get("/rooms/M-1/state")).json().keys()
        await events.dispatch([AssetChanged(7)])
        assert await listener.next() == ("asset", {"asset": 7})
    assert len(live_of(office.app)) == 0


async def test_what_one_act_changed_is_told_in_one_write(office: Office) -> None:
    """An open page that heard of its parts one after another would ask twice."""

    async def teller(event: events.Event) -> bytes:
        await asyncio.sleep(0)  # another one may run meanwhile, as where a teller asks the database
        return f"{type(event).__name__} ".encode()

    streams = live_of(office.app)
    listener = streams.enter("eyes", teller)
    await events.dispatch([AssetChanged(7), RoomChanged(office.rooms["M-1"].id, 1)])
    await asyncio.wait_for(listener.wake.wait(), 30)
    assert listener.take() == b"AssetChanged RoomChanged "
    streams.leave(listener)


async def test_how_many_notices_are_new_is_told_to_their_person_alone(office: Office) -> None:
    booking = (await office.book()).json()
    async with listening(office, "alice") as (alice, _), listening(office, "bob") as (bob, _):
        await office.post(f"/bookings/{booking['id']}/cancel", {"reason": "x"}, "coordinator")
        names = dict([await alice.next(), await alice.next()])
        assert names["notice"] == {"notice": office.people["alice"].id, "unread": 1}
        await office.post("/notices/read")
        assert await alice.next() == ("notice", {"notice": office.people["alice"].id, "unread": 0})
        assert (await bob.next())[0] == "room"
        await events.dispatch([AssetChanged(7)])
        assert (await bob.next())[0] == "asset"
    assert live_of(office.app).of_owner == {}


async def test_a_person_has_a_bounded_number_of_streams(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 2)
    async with listening(office, "bob"), listening(office, "bob"), listening(office, "alice"):
        refused = await office.get("/events", "bob")
        assert (refused.status_code, refused.json()["code"]) == (429, "events.too_many")
        assert int(refused.headers["retry-after"]) > 0
    assert live_of(office.app).streams_of == {}
    async with listening(office, "bob") as (listener, _):
        assert listener.status == 200


async def test_a_sensor_that_repeats_itself_is_told_to_nobody(office: Office) -> None:
    sensor = await make_device(room=office.rooms["M-1"], sensing="mmwave")
    now = datetime.now(UTC)
    await watch_started(now)
    async with listening(office, "alice") as (listener, _):
        for beat in range(6):
            at = now + beat * timedelta(seconds=30)
            await record_readings([Reading(sensor.id, at, occupied=True)], at)
        await events.dispatch([AssetChanged(7)])
        name, state = await listener.next()
        assert (name, state["state"]) == ("room", "in_use_unbooked")
        assert await listener.next() == ("asset", {"asset": 7}), "the five that said nothing new"


async def test_nobody_hears_more_than_they_may(office: Office) -> None:
    async with listening(office, "alice") as (member, _), listening(office, "facilities") as (staff, _):
        await events.dispatch([DeviceChanged(3), AssetChanged(4)])
        assert await member.next() == ("asset", {"asset": 4})
        assert await staff.next() == ("device", {"device": 3})


async def test_activity_in_a_hidden_room_is_not_told(office: Office) -> None:
    async with listening(office, "alice") as (member, _), listening(office, "coordinator") as (coordinator, _):
        for code in ("H-1", "H-1", "M-1"):
            async with changing(office.rooms[code].id):
                pass
            assert (await coordinator.next())[1]["room"] == code
        assert (await member.next())[1]["room"] == "M-1", "nothing of H-1 changed that is to be seen"
        await office.held("H-1", hours=0, status="checked_in")
        async with changing(office.rooms["H-1"].id):
            pass
        name, state = await member.next()
        assert (name, state["room"], state["state"]) == ("room", "H-1", "in_use")
        assert (state["until"], state["next_starts_at"]) == (None, None)
        assert state["revision"] == (await office.get("/rooms/H-1/state")).json()["revision"]


async def test_of_a_confidential_room_only_its_times_are_told(office: Office) -> None:
    booking = await office.held("C-1", hours=3, who="coordinator", kind="interview")
    async with listening(office, "alice") as (member, _), listening(office, "duty") as (duty, _):
        for columns in ({"kind": "family"}, {"ends_at": booking.ends_at - timedelta(minutes=5)}):
            async with changing(office.rooms["C-1"].id):
                await Booking.filter(id=booking.id).update(**columns)
            assert (await duty.next())[1]["room"] == "C-1"
            if "ends_at" in columns:
                assert (await member.next())[1]["room"] == "C-1", "when it is taken may be known"
            else:
                assert member.chunks.empty()


async def test_a_slow_reader_is_let_go_and_nobody_waits(office: Office) -> None:
    room = office.rooms["M-1"]
    async with listening(office, "alice") as (quick, _), listening(office, "bob") as (slow, running):
        slow.may_read.clear()
        for _ in range(live.QUEUE + 2):
            await events.dispatch([RoomChanged(room.id, 1)])
            assert (await quick.next())[0] == "room"
        await asyncio.wait_for(asyncio.shield(running), 30)
        assert len(live_of(office.app)) == 1


async def test_many_changes_of_a_room_are_told_at_once(office: Office) -> None:
    async with listening(office, "alice") as (quick, _):
        await events.dispatch([RoomChanged(office.rooms["M-1"].id, revision) for revision in range(50)])
        await events.dispatch([RoomChanged(office.rooms["M-2"].id, 1)])
        assert [(await quick.next())[1]["room"] for _ in range(2)] == ["M-1", "M-2"]


async def test_an_older_change_that_is_told_of_later_hides_no_newer(office: Office) -> None:
    """So it comes from two processes: the one that was first tells of it last."""
    room = office.rooms["M-1"]
    older = (await office.get("/rooms/M-1/state")).json()["revision"]
    async with listening(office, "alice") as (listener, _):
        handlers, events._handlers.value[:] = list(events._handlers.value), []  # the other process' change
        async with changing(room.id) as change:
            newer = change.room.revision
        events._handlers.value[:] = handlers
        await events.dispatch([RoomChanged(room.id, newer), RoomChanged(room.id, older)])
        assert (await listener.next())[1]["revision"] == newer


async def test_silence_is_kept_alive_and_a_stop_ends_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.02)
    office.app.state.stopping = asyncio.Event()
    async with listening(office, "alice") as (listener, running):
        assert await asyncio.wait_for(listener.chunks.get(), 30) == live.HEARTBEAT
        office.app.state.stopping.set()
        await asyncio.wait_for(asyncio.shield(running), 30)


async def test_a_stream_ends_and_asks_anew_who_listens(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LONGEST_SECONDS", 0.05)
    async with listening(office, "alice") as (_, running):
        await asyncio.wait_for(asyncio.shield(running), 30)
    assert len(live_of(office.app)) == 0


async def test_a_new_reader_does_not_make_the_others_hear_of_a_hidden_room(office: Office) -> None:
    async with listening(office, "alice") as (first, _), listening(office, "bob") as (second, _):
        for code in ("H-1", "M-1"):
            async with changing(office.rooms[code].id):
                pass
        assert (await first.next())[1]["room"] == (await second.next())[1]["room"] == "M-1"


async def test_a_stranger_hears_nothing(office: Office) -> None:
    refused = await office.get("/events", None)
    assert (refused.status_code, refused.json()["code"]) == (401, "auth.required")


async def test_the_head_of_a_stream_ends_at_once(office: Office) -> None:
    async with asyncio.timeout(30):
        head = await office.call("HEAD", "/events")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert not live_of(office.app).listeners
