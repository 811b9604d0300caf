"""One device: taken in while a hand is waved, renamed, replaced, retired; a panel with its languages and hours."""

import asyncio
import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import web.devices.device_pages
import web.devices.pages
import web.devices.wave
from registry.core.history import HistoryEntry
from registry.devices.models import Device, DeviceKind, Sensing, Trace
from registry.devices.queries import device_rows
from registry.rooms.models import Room, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from tests.web.devices.test_pages import Reading, stranger
from web.app import SiteOptions, create_site
from web.devices.wave import of_stranger, stream
from web.doors.view import is_night
from web.kit.live import MOST_STREAMS, live_of
from web.kit.page_context import PageContext

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
TOPIC = "zigbee2mqtt/hall/motion"
FORM = {"topic": TOPIC, "family": "zigbee2mqtt", "address": "hall/motion", "code": "ZW-01-occ", "sensing": "pir",
        "room": "ZW-01"}  # fmt: skip


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", families=("native", "zigbee2mqtt"))
    app = create_site(options)
    app.state.devices = Reading(stranger(said={"occupied": True}))
    for code in ("ZW-01", "ZW-02"):
        await make.make_room(code=code)
    return await Desk(app).open()


async def changed(device: Device) -> Device:
    return await Device.get(id=device.id)


async def test_a_stranger_is_watched_and_bound_to_its_thing_and_its_room(desk: Desk) -> None:
    asset = await make.make_asset(inventory_no="KPUW/1")
    page = (await desk.get(f"/devices/inbox?topic={TOPIC}", "facilities")).text
    assert "Somebody is there" in text_of(page)
    assert 'data-wave="/devices/wave?topic=zigbee2mqtt/hall/motion"' in page
    assert 'value="motion"' in page or 'value="hall-motion"' in page, "a name that the register takes is proposed"
    for wrong, words in (
        ({"thing": "KPUW/9"}, "No asset has the number KPUW/9"),
        ({"room": "ZW-99"}, "There is no room ZW-99"),
        ({"code": "ZW 01"}, "Its name here cannot be read"),
        ({"sensing": ""}, "What it senses is missing"),
    ):
        answer = await desk.post("/devices/inbox", "facilities", **FORM | wrong)
        assert words in text_of(answer.text), words
        assert 'aria-invalid="true"' in answer.text
    answer = await desk.send("/devices/inbox", "facilities", **FORM, thing=" kpuw/1 ")
    device = await Device.get(code="ZW-01-occ")
    assert (device.asset_id, device.address) == (asset.id, "hall/motion")
    assert "The device is in the register." in answer.text
    assert (await desk.get("/devices/inbox?topic=gone", "facilities")).headers["location"] == "/devices"
    for who in ("coordinator", "auditor", "alice"):
        assert (await desk.get(f"/devices/inbox?topic={TOPIC}", who)).status_code == 403


async def test_a_device_is_renamed_hung_and_bound_to_a_thing(desk: Desk) -> None:
    device = await make.make_device(code="old", family="zigbee2mqtt", address="x", occupied=True)
    await make.make_device(code="taken")
    await make.make_asset(inventory_no="KPUW/1")
    answer = await desk.post(f"/devices/{device.id}/rename", "facilities", code="taken")
    assert "There is already a device taken." in text_of(answer.text)
    answer = await desk.send(f"/devices/{device.id}/rename", "facilities", code="new")
    assert "It has another name now." in answer.text
    assert ((await changed(device)).code, (await changed(device)).occupied) == ("new", True)
    await desk.post(f"/devices/{device.id}/hang", "facilities", room="ZW-02", thing="KPUW/1", enabled="1")
    fresh = await Device.get(id=device.id).select_related("room", "asset")
    assert (fresh.room and fresh.room.code, fresh.asset and fresh.asset.inventory_no) == ("ZW-02", "KPUW/1")
    answer = await desk.post(f"/devices/{device.id}/hang", "facilities", room="ZW-9", thing="KPUW/1")
    assert "There is no room ZW-9" in text_of(answer.text)
    text = await desk.read(f"/devices/{device.id}", "auditor")
    assert "renamed" in text
    assert "old → new" in text
    assert "Another name" not in text, "an auditor changes nothing"
    actions = [entry.action for entry in await HistoryEntry.filter(object=f"device:{device.id}").order_by("seq")]
    assert actions == ["renamed", "placed"]
    for path in ("rename", "hang", "replace", "retire"):
        assert (await desk.post(f"/devices/{device.id}/{path}", "coordinator")).status_code == 403
    assert (await desk.get("/devices/4242", "facilities")).status_code == 404


async def test_another_name_of_a_native_device_is_another_topic(desk: Desk) -> None:
    device = await make.make_device(code="old", occupied=True, confirmed_at=datetime.now(UTC))
    await desk.post(f"/devices/{device.id}/rename", "facilities", code="new")
    assert ((await changed(device)).code, (await changed(device)).occupied) == ("new", None)


async def test_a_sensor_is_replaced_and_its_rooms_history_stays(desk: Desk) -> None:
    room = await make.make_room()
    device = await make.make_device(code="ZW-05-occ", room=room, occupied=True)
    now = datetime.now(UTC)
    await Trace.create(device=device, room=room, since=now, until=now)
    text = await desk.read(f"/devices/{device.id}", "facilities")
    assert "What speaks and nobody knows hall/motion" in text
    answer = await desk.post(f"/devices/{device.id}/replace", "facilities", topic="gone")
    assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (404, True)
    await desk.post(f"/devices/{device.id}/replace", "facilities", topic=TOPIC)
    fresh = await changed(device)
    assert (fresh.family, fresh.address, fresh.room_id, fresh.occupied) == ("zigbee2mqtt", "hall/motion", room.id, None)
    assert await Trace.filter(device=device).count() == 1
    desk.app.state.devices = Reading(stranger(topic="izba/devices/fresh/reading", family="native", device="fresh"))
    await desk.post(f"/devices/{device.id}/replace", "facilities", topic="izba/devices/fresh/reading")
    fresh = await changed(device)
    assert (fresh.family, fresh.address, fresh.code) == ("native", "", "fresh")
    desk.app.state.devices = Reading()
    assert "Switch the new one on first" in await desk.read(f"/devices/{device.id}", "facilities")


async def test_a_retired_device_leaves_the_lists_and_its_topic(desk: Desk) -> None:
    room = await make.make_room()
    device = await make.make_device(code="ZW-05-occ", room=room, family="zigbee2mqtt", address="x", occupied=True)
    await desk.post(f"/devices/{device.id}/retire", "facilities")
    fresh = await changed(device)
    assert (fresh.enabled, fresh.room_id, fresh.address, fresh.occupied) == (False, None, "", None)
    listing = (await desk.get("/devices", "facilities")).text
    assert f'id="device-{device.id}-state"' not in listing
    assert "Out of use last retired first ZW-05-occ retired" in text_of(listing)
    assert await device_rows() == []
    text = await desk.read(f"/devices/{device.id}", "facilities")
    assert "Out of use It was retired" in text
    for path, form in (
        ("hang", {"room": "ZW-02", "enabled": "1"}),
        ("place", {"room": "ZW-02"}),
        ("rename", {"code": "x"}),
    ):
        answer = await desk.post(f"/devices/{device.id}/{path}", "facilities", **form)
        assert (answer.status_code, "is out of use. Take it back" in text_of(answer.text)) == (409, True), path
    fresh = await changed(device)
    assert (fresh.enabled, fresh.room_id, fresh.code) == (False, None, "ZW-05-occ")
    await make.make_device(code="other", family="zigbee2mqtt", address="x")
    await desk.post(f"/devices/{device.id}/retire", "facilities", back="1")
    assert (await changed(device)).retired_at is None
    actions = [entry.action for entry in await HistoryEntry.filter(object=f"device:{device.id}").order_by("seq")]
    assert actions == ["retired", "taken back"]


async def test_of_many_devices_out_of_use_the_page_says_that_it_shows_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await make.make_device(
            code=f"old-{number}", enabled=False, retired_at=datetime(2026, 11, 1 + number, tzinfo=UTC)
        )
    assert "Out of use last retired first old-2" in await desk.read("/devices", "facilities")
    monkeypatch.setattr(web.devices.pages, "PAGE", 2)
    text = await desk.read("/devices", "facilities")
    assert "the last 2 alone, last retired first old-2" in text
    assert ("old-1" in text, "old-0" in text) == (True, False)


async def test_a_panel_has_its_languages_and_its_dark_hours(desk: Desk) -> None:
    room = await make.make_room(code="ZW-05")
    panel = await make.make_panel(code="ZW-05-door", room=room)
    text = await desk.read(f"/devices/{panel.id}", "coordinator")
    assert "What the panel shows" in text
    assert "Wave your hand" not in text
    form = {"language1": "uk", "language2": "pl", "dark_from": "22", "dark_to": "5"}
    answer = await desk.send(f"/devices/{panel.id}/panel", "coordinator", **form)
    assert "The panel shows it within seconds." in answer.text
    fresh = await changed(panel)
    assert (fresh.languages, fresh.dark_from, fresh.dark_to) == ("uk,pl", 22, 5)
    for wrong, words in (
        ({"language2": "uk"}, "a language stands twice"),
        ({"language1": "", "language2": ""}, "one language at least"),
        ({"language1": "xx"}, "xx is none of pl, en, uk, ru"),
        ({"dark_from": "24"}, "not between 0 and 23"),
        ({"dark_to": "x"}, "not between 0 and 23"),
    ):
        answer = await desk.post(f"/devices/{panel.id}/panel", "coordinator", **form | wrong)
        assert words in text_of(answer.text), words
    assert (await desk.post(f"/devices/{panel.id}/panel", "auditor", **form)).status_code == 403
    sensor = await make.make_device()
    answer = await desk.post(f"/devices/{sensor.id}/panel", "facilities", **form)
    assert "is no door panel" in text_of(answer.text)
    answer = await desk.post(f"/devices/{panel.id}/rename", "facilities", code="other")
    assert (await changed(panel)).code == "ZW-05-door"


@pytest.mark.parametrize("who", ["facilities", "coordinator", "auditor", "admin"])
async def test_every_link_of_a_panels_page_leads_somewhere(desk: Desk, who: str) -> None:
    room = await make.make_room(code="ZW-05")
    panel = await make.make_panel(code="ZW-05-door", room=room, asset=await make.make_asset(room=room))
    page = (await desk.get(f"/devices/{panel.id}", who)).text
    links = {html.unescape(link) for link in re.findall(r'<a [^>]*href="(/[^"#]*)', page)}
    assert ("/admin/places/rooms/ZW-05" in links) is (who in ("coordinator", "admin")), links
    for link in links:
        assert (await desk.get(link, who)).status_code < 400, link


async def test_a_closed_room_is_refused_at_its_field_and_still_lists_what_hangs_there(desk: Desk) -> None:
    device = await make.make_device(room=await make.make_room(code="OLD", closed_at=datetime.now(UTC)))
    for path in (f"/devices/{device.id}/hang", f"/devices/{device.id}/place"):
        answer = await desk.post(path, "facilities", room="OLD", enabled="1")
        assert "OLD is closed for good" in text_of(answer.text), path
        assert 'value="OLD"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    answer = await desk.post("/devices/inbox", "facilities", **FORM | {"room": "OLD"})
    assert "OLD is closed for good" in text_of(answer.text)
    listing = await desk.api("GET", "/devices?room=OLD", "facilities")
    assert [one["code"] for one in listing.json()["items"]] == [device.code]


async def test_a_topic_is_carried_through_a_refusal_whatever_signs_it_has(desk: Desk) -> None:
    topic = "office/a & b?x=1;+ż"
    desk.app.state.devices = Reading(stranger(topic=topic))
    answer = await desk.post("/devices/inbox", "facilities", **FORM | {"topic": topic, "code": "ZW 01"})
    assert "Its name here cannot be read" in text_of(answer.text)
    assert html.escape(topic) in answer.text


async def test_a_replacement_that_is_refused_is_told_at_its_own_field(desk: Desk) -> None:
    await make.make_device(code="other", family="zigbee2mqtt", address="hall/motion")
    device = await make.make_device(code="ZW-05-occ")
    answer = await desk.post(f"/devices/{device.id}/replace", "facilities", topic=TOPIC)
    assert answer.status_code == 409
    section = answer.text.partition('id="v-replace"')[2].partition("</section>")[0]
    assert "There is already a device" in section
    assert answer.text.count('aria-invalid="true"') == 1


@pytest.mark.parametrize(
    ("hour", "dark", "expected"),
    [
        (23, (20, 6), True), (5, (20, 6), True), (6, (20, 6), False), (12, (20, 6), False), (3, (1, 4), True),
        (5, (1, 4), False), (12, (7, 7), False),
    ],
)  # fmt: skip
def test_when_a_panel_is_dark(hour: int, dark: tuple[int, int], expected: bool) -> None:
    assert is_night(datetime(2026, 11, 30, hour, tzinfo=UTC), dark) is expected


async def test_programs_do_the_same(desk: Desk) -> None:
    device = await make.make_device(code="hall", family="zigbee2mqtt", address="x")
    asset = await make.make_asset()
    body = {"code": "hall-2", "asset": asset.id}
    answer = await desk.api("POST", "/devices/hall/bind", "facilities", json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["asset"]) == (200, "hall-2", asset.id)
    assert (await desk.api("POST", "/devices/hall-2/bind", "facilities", json={"asset": 4242})).status_code == 404
    await desk.api("POST", "/devices/hall-2/bind", "facilities", json={"retired": True})
    assert (await changed(device)).retired_at is not None
    for body, status, code in (
        ({"enabled": True, "room": "ZW-01"}, 409, "device.retired"),
        ({"retired": True, "enabled": False}, 422, "request.bad_field"),
        ({"retired": True}, 200, None),
        ({"topic": "gone"}, 200, None),
    ):
        answer = await desk.api("POST", "/devices/hall-2/bind", "facilities", json=body)
        assert (answer.status_code, answer.json().get("code") if code else None) == (status, code), answer.text
        assert ((await changed(device)).enabled, (await changed(device)).retired_at is None) == (False, False)
    body = {"retired": False, "enabled": True, "room": "ZW-01"}
    answer = await desk.api("POST", "/devices/hall-2/bind", "facilities", json=body)
    assert (answer.json()["room"], answer.json()["enabled"]) == ("ZW-01", True)
    for more in ({"code": "x"}, {"languages": ["pl"]}, {"retired": True}, {"dark_to": 4}):
        body = {"family": "zigbee2mqtt", "address": "y", "sensing": "pir"} | more
        answer = await desk.api("POST", "/devices/fresh/bind", "facilities", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.unknown_field"), more
    panel = await make.make_panel(code="door")
    body = {"languages": ["ru", "pl"], "dark_from": 21, "dark_to": 21}
    assert (await desk.api("POST", "/devices/door/bind", "facilities", json=body)).status_code == 200
    assert ((await changed(panel)).languages, (await changed(panel)).dark_to) == ("ru,pl", 21)
    assert (await desk.api("POST", "/devices/door/bind", "facilities", json={"dark_to": 99})).status_code == 422


async def test_what_a_sensor_of_the_help_point_sees_is_not_watched(desk: Desk) -> None:
    room = await make.make_room(visibility=Visibility.HIDDEN)
    device = await make.make_device(room=room, occupied=True, sensing=Sensing.PIR, kind=DeviceKind.PRESENCE)
    text = await desk.read(f"/devices/{device.id}", "facilities")
    assert "Somebody is there" not in text
    assert (await desk.get(f"/devices/wave?device={device.id}", "facilities")).status_code == 404
    assert "Somebody is there" in await desk.read(f"/devices/{device.id}", "coordinator")


async def test_a_watch_ends_when_it_is_not_theirs_any_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.devices.wave, "LOOK_SECONDS", 0.01)
    device = await make.make_device(room=await make.make_room(), occupied=True, kind=DeviceKind.PRESENCE)
    live, owner, first_look = live_of(desk.app), desk.people["facilities"].id, asyncio.Event()
    show = web.devices.wave.of_device

    def show_and_tell(*values: Any) -> Any:
        first_look.set()
        return show(*values)

    monkeypatch.setattr(web.devices.device_pages, "of_device", show_and_tell)
    watching = asyncio.create_task(desk.get(f"/devices/wave?device={device.id}", "facilities"))
    await asyncio.wait_for(first_look.wait(), 30)
    assert live.streams_of
    await Room.filter(id=device.room_id).update(visibility=Visibility.HIDDEN)
    answer = await asyncio.wait_for(watching, 30)
    assert "Somebody is there" in answer.text
    assert not live.streams_of
    live.streams_of[owner] = MOST_STREAMS
    answer = await desk.get(f"/devices/wave?topic={TOPIC}", "facilities")
    assert (answer.status_code, "streams of news open" in answer.text) == (429, True)


async def test_the_stream_tells_what_changes_and_ends_with_the_server(desk: Desk) -> None:
    stopping, rows = asyncio.Event(), [stranger(said={"occupied": True}), stranger(said={"occupied": False}), None]
    desk.app.state.stopping = stopping

    class Asked:
        app = desk.app

    pages = desk.app.state.pages
    context = PageContext(desk.people["facilities"], None, pages.words("en"), datetime.now(UTC))  # type: ignore[arg-type]  # no viewer is asked

    async def look(at: datetime) -> Any:
        row = rows.pop(0) if rows else None
        if not rows:
            stopping.set()
        return of_stranger(row, replace(context, now=at))

    response = stream(Asked(), look, context)  # type: ignore[arg-type]  # all that it asks of a request
    text = b"".join([chunk async for chunk in response.body_iterator]).decode()  # type: ignore[misc]  # bytes
    assert text.count("data: ") == 3
    assert "Somebody is there" in text
    assert "Nobody is there" in text
    assert "Nothing that tells of people yet" in text
    assert "&lt;b&gt;" in text, "what a stranger sends is text"
