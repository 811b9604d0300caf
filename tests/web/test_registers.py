"""Rooms, assets, tags, imports, devices, panels, duties, history and health through the API."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import policy
from registry.assets.models import Asset, FundingShare, Tag
from registry.core.errors import Unavailable
from registry.devices import pairing
from registry.devices.actions import note_refusals
from registry.devices.models import Device
from registry.duties.models import Duty
from registry.grants.models import Grant
from registry.rooms.models import Room, StandardItem
from tests.make import make_asset, make_device, make_panel
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio
STATE_KEYS = {"room", "state", "occupancy", "until", "next_starts_at", "ready", "revision", "as_of"}
LIST = "nr inw;nazwa;cena;data zakupu\nA/1;Stół;12,50;2022-01-05\nA/2;Krzesło;13,00;2022-99-05\n"


async def test_rooms_are_listed_filtered_and_paged(office: Office) -> None:
    first = (await office.get("/rooms?limit=2")).json()
    rest = (await office.get(f"/rooms?limit=3&cursor={first['next']}")).json()
    codes = [room["code"] for room in first["items"] + rest["items"]]
    assert (first["total"], rest["next"], sorted(codes)) == (5, None, sorted(office.rooms))
    assert (await office.get("/rooms?capacity=13")).json()["items"] == []
    assert (await office.get("/rooms?kind=meeting&site=elsewhere")).json()["total"] == 0
    await StandardItem.create(room=office.rooms["M-2"], name="Projektor", feature="projector")
    assert [room["code"] for room in (await office.get("/rooms?feature=projector")).json()["items"]] == ["M-2"]
    await office.held("M-1")
    around = {"free_from": soon(24.5).isoformat(), "free_to": soon(24.7).isoformat()}
    assert "M-1" not in {room["code"] for room in (await office.get("/rooms", params=around)).json()["items"]}


async def test_a_room_has_its_state_assets_and_readiness(office: Office) -> None:
    state = (await office.get("/rooms/M-1/state")).json()
    assert state.keys() == STATE_KEYS
    assert state["as_of"][-6:] in ("+01:00", "+02:00")
    assert (await office.get("/rooms/M-1")).json()["visibility"] == "internal"
    (chair,) = (await office.get("/rooms/M-1/assets")).json()["items"]
    await StandardItem.create(room=office.rooms["M-1"], name=chair["name"], quantity=2)
    payload = (await office.get("/rooms/M-1/readiness")).json()
    assert (payload["ready"], payload["items"][0]["working"], payload["items"][0]["wanted"]) == (False, 1, 2)


async def test_the_state_and_the_readiness_of_a_room_say_the_same(office: Office) -> None:
    """A faulty thing that the standard does not ask for, then one that it does."""

    async def is_ready() -> tuple[bool, bool]:
        state, readiness = await office.get("/rooms/M-2/state"), await office.get("/rooms/M-2/readiness")
        return state.json()["ready"], readiness.json()["ready"]

    lamp = await make_asset(name="Lampa", room=office.rooms["M-2"])
    assert (await office.post(f"/assets/{lamp.id}/transitions/report_fault", {})).status_code == 200
    state, readiness = await is_ready()
    assert state == readiness
    await StandardItem.create(room=office.rooms["M-2"], name="Projektor", feature="projector")
    projector = await make_asset(name="Projektor", room=office.rooms["M-2"])
    assert (await office.post(f"/assets/{projector.id}/transitions/report_fault", {})).status_code == 200
    assert await is_ready() == (False, False)


async def test_a_piece_is_registered_found_and_moved(office: Office) -> None:
    grant = await Grant.create(
        code="PL/1", name="G", beneficiary="B", fund="F", total=Decimal(9), granted=Decimal(9), percent=Decimal(75)
    )
    body = {"name": "Stół", "price": "1 290,01", "room": "M-1", "inventory_no": "S/1", "grants": {"PL/1": 75}}
    answer = await office.post("/assets", body, "facilities")
    payload = answer.json()
    assert (answer.status_code, payload["price"], payload["room"]) == (201, "1290.01", "M-1")
    assert sum(Decimal(share["amount"]) for share in payload["shares"]) == Decimal("1290.01")
    assert (await office.post("/assets", body, "facilities")).json()["code"] == "asset.number_taken"
    assert (await office.get("/assets?q=stol")).json()["total"] == 1
    move = await office.post(
        f"/assets/{payload['id']}/transitions/move", {"room": "M-2"}, "facilities", headers={"If-Match": '"1"'}
    )
    assert (move.json()["room"], move.headers["etag"]) == ("M-2", '"2"')
    stale = await office.post(
        f"/assets/{payload['id']}/transitions/move", {"room": "M-1"}, "facilities", headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    spent = (await office.get(f"/grants/{grant.id}", "accountant")).json()
    assert (spent["assets"], spent["spent"]) == (1, "967.51")
    assert (await office.get("/grants", "accountant")).json()["total"] == 1
    assert (await office.get("/grants/99", "accountant")).status_code == 404
    assert (await office.get("/grants")).status_code == 403


async def test_a_description_is_corrected(office: Office) -> None:
    asset, other = await make_asset(), await make_asset(inventory_no="S/2")
    wrong = {"name": "Lampa biurowa", "serial_no": "X1", "warranty_until": "2028-01-31", "inventory_no": "S/3"}
    answer = await office.call("PATCH", f"/assets/{asset.id}", "facilities", json=wrong, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert {name: answer.json()[name] for name in wrong} == wrong
    assert (await office.get("/assets?q=biurowa x1")).json()["total"] == 1
    (entry,) = (await office.get(f"/history?object=asset:{asset.id}", "auditor")).json()["items"]
    assert (entry["action"], entry["after"]) == ("corrected", wrong)

    async def refused(body: dict[str, object], who: str = "facilities", etag: str = "*") -> str:
        answer = await office.call("PATCH", f"/assets/{asset.id}", who, json=body, headers={"If-Match": etag})
        return str(answer.json()["code"])

    assert await refused({"name": "Lampa"}, etag='"1"') == "request.stale"
    assert await refused({"name": "Lampa"}, who="alice") == "auth.role"
    assert await refused({"name": " "}) == "request.missing_field"
    assert await refused({"room": "M-1"}) == "request.unknown_field"
    assert await refused({"inventory_no": other.inventory_no}) == "asset.number_taken"
    assert (await office.call("PATCH", "/assets/99999", "facilities", json={})).status_code == 404
    same = await office.call("PATCH", f"/assets/{asset.id}", "facilities", json=wrong)
    assert same.headers["etag"] == '"2"'


async def test_price_date_symbol_quantity_and_funding_are_corrected_with_a_reason(office: Office) -> None:
    await Grant.create(code="PL/2020/PR/0111", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    asset = await make_asset(price=Decimal("100.00"))
    path = f"/assets/{asset.id}"

    async def patch(body: dict[str, object], who: str = "accountant") -> Any:
        return await office.call("PATCH", path, who, json=body)

    answer = await patch({"price": "130,75"})
    assert (answer.status_code, answer.json()["code"]) == (422, "asset.reason_needed")
    assert answer.json()["params"]["field"] == "reason"
    shares = [{"grant": "PL/2020/PR/0111", "amount": "98.06"}, {"grant": None, "amount": "32.69"}]
    books = {"price": "130.75", "acquired_on": "2026-01-02", "kst": "491", "quantity": 2, "shares": shares}
    answer = await patch(books | {"reason": "pomyłka"}, "facilities")
    payload = answer.json()
    assert (answer.status_code, payload["price"], payload["accepted_on"]) == (200, "130.75", "2026-01-02")
    assert (payload["kst"], payload["quantity"], payload["account"]) == ("487", 2, "poz")
    assert [share["amount"] for share in payload["shares"]] == ["98.06", "32.69"]
    halved = (await patch({"price": "65.38", "reason": "rabat"})).json()
    assert [share["amount"] for share in halved["shares"]] == ["49.03", "16.35"]
    wrong = await patch({"shares": shares, "reason": "x"})
    assert (wrong.json()["code"], wrong.json()["params"]["field"]) == ("grant.shares", "shares")
    unknown = await patch({"shares": [{"grant": "X", "amount": "65.38"}], "reason": "x"})
    assert unknown.json()["code"] == "grant.unknown"
    for who in ("alice", "auditor", "coordinator"):
        assert (await patch({"price": "1", "reason": "x"}, who)).json()["code"] == "auth.role"
    assert (await patch({"name": "Lampa", "price": "1", "reason": "x"})).json()["code"] == "auth.role"
    policy.use(replace(policy.DEFAULT, accountant_alone=True))
    refusal = await patch({"price": "1", "reason": "x"}, "facilities")
    assert (refusal.status_code, refusal.json()["code"]) == (403, "asset.money_of_accountant")
    assert (await patch({"price": "1", "reason": "x"})).status_code == 200


async def test_a_piece_is_assigned_reported_repaired(office: Office) -> None:
    asset = await make_asset()
    steps = [
        ("assign", {"custodian": "bob"}, "custodian", "bob"),
        ("unassign", {}, "custodian", None),
        ("report_fault", {"reason": "nie świeci"}, "condition", "faulty"),
        ("send_to_repair", {}, "condition", "in_repair"),
        ("mend", {}, "condition", "ok"),
    ]
    for name, body, field, value in steps:
        answer = await office.post(f"/assets/{asset.id}/transitions/{name}", body, "facilities")
        assert answer.json()[field] == value, answer.text
    actions = (await office.get(f"/history?object=asset:{asset.id}", "auditor")).json()
    assert actions["total"] == len(steps)
    assert (await office.post(f"/assets/{asset.id}/transitions/report_fault", {})).status_code == 200
    assert (await office.post(f"/assets/{asset.id}/transitions/mend", {})).status_code == 403
    assert (await office.post(f"/assets/{asset.id}/transitions/fly", {})).json()["code"] == "asset.no_transition"
    assert (await office.post(f"/assets/{asset.id}/transitions/assign", {}, "facilities")).status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "x", "price": "dwa"}, 422, "asset.bad_price"),
        ({"name": "x", "price": -1}, 422, "asset.bad_price"),
        ({"name": "x", "price": 1e300}, 422, "asset.bad_price"),
        ({"name": "x", "price": 1.005}, 422, "asset.bad_price"),
        ({"name": "x", "price": 1e-7}, 422, "asset.bad_price"),
        ({"name": "x", "price": "1.290"}, 422, "asset.bad_price"),
        ({"name": "", "price": 1}, 422, "request.bad_field"),
        ({"name": " ", "price": 1}, 422, "request.missing_field"),
        ({"name": "x\x00", "price": 1}, 422, "request.bad_field"),
        ({"name": "x", "price": 1, "room": "NIE-MA"}, 404, "room.unknown"),
        ({"name": "x", "price": 1, "custodian": "nobody"}, 404, "person.unknown"),
        ({"name": "x", "price": 1, "kst": "biurko"}, 422, "request.bad_field"),
        ({"name": "x", "price": 1, "grants": {"X": 10}}, 404, "grant.unknown"),
        ({"name": "x", "price": 1, "grants": {"X": 101}}, 422, "request.bad_field"),
        ({"name": "x", "price": 1, "accepted_on": "2022-02-30"}, 422, "request.bad_field"),
        ({"name": "x", "price": 1, "accepted_on": "0022-02-28"}, 422, "request.bad_field"),
        ({"name": "x", "price": 1, "durable_until": "9999-12-31"}, 422, "request.bad_field"),
    ],
)
async def test_a_piece_that_cannot_be(office: Office, body: dict[str, object], status: int, code: str) -> None:
    before = await Asset.all().count()
    refused = await office.post("/assets", body, "facilities")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await Asset.all().count() == before


@pytest.mark.parametrize(("text", "symbol"), [("", ""), ("808-0", "808"), ("491", "487"), ("KŚT 803", "803")])
async def test_a_symbol_is_read_as_in_a_list(office: Office, text: str, symbol: str) -> None:
    answer = await office.post("/assets", {"name": "x", "price": 1, "kst": text}, "facilities")
    assert (answer.status_code, answer.json()["kst"]) == (201, symbol)


async def test_a_filter_that_is_left_empty_asks_for_nothing(office: Office) -> None:
    for path, filters in (
        ("/rooms", "site kind capacity feature free_from free_to cursor"),
        ("/assets", "q room category custodian grant lifecycle condition cursor"),
    ):
        body = dict.fromkeys(filters.split(), "")
        answer = await office.get(path, params=body)
        assert (answer.status_code, answer.json()["total"]) == (200, (await office.get(path)).json()["total"])


async def test_a_tag_is_linked_and_read(office: Office) -> None:
    asset = await make_asset()
    code = "0000000"
    assert (await office.get(f"/tags/{code}")).json()["code"] == "tag.unknown"
    linked = await office.post(f"/tags/{code}/link", {"asset": asset.id}, "facilities")
    assert (linked.json()["kind"], linked.json()["asset"]) == ("asset", asset.id)
    refusal = await office.post(f"/tags/{code}/link", {"room": "M-1"}, "facilities")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "tag.taken")
    again = await office.post(f"/tags/{code}/link", {"room": "M-1", "again": True}, "facilities")
    assert (again.json()["kind"], again.json()["room"]) == ("room", "M-1")
    both = await office.post(f"/tags/{code}/link", {"room": "M-1", "asset": 1}, "facilities")
    assert both.status_code == 422
    off = await office.post(f"/tags/{code}/link", {}, "facilities")
    assert (off.status_code, off.json()["kind"], off.json()["room"]) == (200, "unlinked", None)
    assert await Tag.all().count() == 1


async def test_a_list_is_sent_checked_and_written(office: Office) -> None:
    upload = await office.post("/imports", who="facilities", files={"file": ("lista.csv", LIST.encode("cp1250"))})
    payload = upload.json()
    assert (upload.status_code, payload["encoding"], payload["accepted"], payload["refused"]) == (
        201,
        "windows-1250",
        1,
        1,
    )
    assert payload["rows"][1]["problems"][0]["column"]
    path = f"/imports/{payload['id']}"
    assert (await office.get(path, "admin")).json()["code"] == "import.unknown", "a sent list is its sender's"
    assert (await office.get(path, "facilities")).json() == payload
    before = await Asset.all().count()
    for _ in range(2):
        commit = await office.post(f"{path}/commit", who="facilities")
        assert (commit.json()["status"], commit.json()["written"]) == ("written", 1)
    assert await Asset.all().count() == before + 1
    for files in ({"file": ("a.csv", b"")}, {"file": ("a.bin", bytes(range(256)))}):
        assert (await office.post("/imports", who="facilities", files=files)).status_code == 422
    assert (await office.post("/imports", {}, "facilities")).json()["code"] == "request.missing_field"
    assert (await office.get("/imports/none", "facilities")).status_code == 404


async def test_devices_and_panels_are_listed_and_paired(office: Office) -> None:
    room = office.rooms["M-1"]
    await make_device(code="s-1", room=room, heard_at=datetime.now(UTC), battery=10)
    await make_panel(code="M-2-door", room=office.rooms["M-2"])
    payload = (await office.get("/devices?room=M-1", "facilities")).json()
    assert [(one["code"], one["state"], one["room"]) for one in payload["items"]] == [("s-1", "low_battery", "M-1")]
    assert (await office.get("/devices?kind=door_panel", "facilities")).json()["items"][0]["state"] == "silent"
    assert (await office.get("/devices/inbox", "facilities")).json()["items"] == []
    offer = pairing.offer(datetime.now(UTC))
    paired = await office.post("/panels/pair", {"code": offer.code, "room": "M-2"}, "facilities")
    assert (paired.status_code, paired.json()["code"], paired.json()["paired"]) == (200, "M-2-door", True)
    assert offer.key not in paired.text
    unknown = await office.post("/panels/pair", {"code": offer.code, "room": "M-2"}, "facilities")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "panel.code_unknown")
    assert (await office.get("/panels", "facilities")).json()["total"] == 1
    assert (await office.get("/devices")).status_code == 403


async def test_the_inbox_is_what_was_handed_in(office: Office) -> None:
    class Stranger:
        def as_dict(self) -> dict[str, object]:
            return {"topic": "tele/x/SENSOR", "last_at": datetime.now(UTC)}

    class Inbox:
        def all(self) -> list[Stranger]:
            return [Stranger()]

        def forget(self, topic: str) -> None:
            forgotten.append(topic)

    forgotten: list[str] = []
    office.app.state.inbox = Inbox()
    assert (await office.get("/devices/inbox", "facilities")).json()["items"][0]["topic"] == "tele/x/SENSOR"
    body = {"family": "tasmota", "address": "x", "sensing": "pir", "room": "M-1", "topic": "tele/x/SENSOR"}
    assert (await office.post("/devices/M-1-pir/bind", body, "facilities")).json()["family"] == "tasmota"
    assert forgotten == ["tele/x/SENSOR"]


async def test_a_device_is_bound_then_hung_elsewhere(office: Office) -> None:
    refused = await office.post("/devices/M-1-occ/bind", {"room": "M-1"}, "facilities")
    assert (refused.status_code, refused.json()["params"]["field"]) == (422, "family")
    new = {"family": "native", "sensing": "mmwave", "room": "M-1"}
    assert (await office.post("/devices/a+b/bind", new, "facilities")).status_code == 422
    bound = (await office.post("/devices/M-1-occ/bind", new, "facilities")).json()
    assert (bound["code"], bound["room"], bound["sensing"], bound["kind"]) == ("M-1-occ", "M-1", "mmwave", "presence")
    for name in ("M-1-occ", bound["id"]):
        move = await office.post(f"/devices/{name}/bind", {"room": "M-2", "enabled": False}, "facilities")
        assert (move.json()["room"], move.json()["enabled"]) == ("M-2", False)
    same = {"family": "tasmota", "address": "y", "sensing": "pir"}
    assert (await office.post("/devices/y-1/bind", same, "facilities")).status_code == 200
    refusal = await office.post("/devices/y-2/bind", same, "facilities")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "device.taken")
    assert (await office.post("/devices/y-1/bind", {}, "coordinator")).status_code == 403


async def test_an_unknown_family_is_refused_with_the_known_ones(office: Office) -> None:
    new = {"family": "smoke_signals", "sensing": "pir"}
    for _ in range(2):  # of a new device, then of a known one
        refused = await office.post("/devices/x-1/bind", new, "facilities")
        assert (refused.status_code, refused.json()["code"]) == (422, "device.bad_family")
        assert refused.json()["params"]["families"] == "native, zigbee2mqtt, tasmota"
        await office.post("/devices/x-1/bind", new | {"family": "tasmota"}, "facilities")
    assert (await Device.get(code="x-1")).family == "tasmota"


async def test_the_keys_of_a_device_are_told_and_changed(office: Office) -> None:
    new = {"family": "tasmota", "address": "tele/x", "sensing": "pir", "keys": {"occupancy": "LD2410.Out_pin"}}
    assert (await office.post("/devices/x-1/bind", new, "facilities")).json()["keys"] == new["keys"]
    keys = {"occupancy": "pir", "battery": "bat"}
    assert (await office.post("/devices/x-1/bind", {"keys": keys}, "facilities")).json()["keys"] == keys
    assert (await office.get("/devices", "facilities")).json()["items"][0]["keys"] == keys
    assert (await office.post("/devices/x-1/bind", {"keys": {}}, "facilities")).json()["keys"] == {}
    for wrong in ({"light": "lux"}, {"occupancy": ""}, {"occupancy": "x" * 101}):
        refusal = await office.post("/devices/x-1/bind", {"keys": wrong}, "facilities")
        assert (refusal.status_code, refusal.json()["code"]) == (422, "request.bad_field")
        assert refusal.json()["params"]["field"].startswith("keys")


@pytest.mark.parametrize("address", ["office/+/pir", "office/#", "office//pir", "office/"])
async def test_an_address_that_nothing_can_come_from_is_refused(office: Office, address: str) -> None:
    new = {"family": "tasmota", "address": address, "sensing": "pir"}
    refusal = await office.post("/devices/x-1/bind", new, "facilities")
    assert (refusal.status_code, refusal.json()["code"]) == (422, "request.bad_field")
    assert refusal.json()["params"]["field"] == "address"


async def test_why_a_device_was_refused_last_is_told_with_its_time(office: Office) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    device = await make_device(code="nul-1")
    await note_refusals({device.id: ("NUL in the payload", now)})
    (row,) = (await office.get("/devices", "facilities")).json()["items"]
    assert row["refusal"] == "NUL in the payload"
    assert datetime.fromisoformat(row["refused_at"]) == now
    body = {"family": "zigbee2mqtt", "address": "hall"}
    other = (await office.post("/devices/nul-1/bind", body, "facilities")).json()
    assert (other["refusal"], other["refused_at"]) == (None, None), "another device sent that"


async def test_what_is_given_of_a_known_device_is_applied_and_told(office: Office) -> None:
    now = datetime.now(UTC)
    room = office.rooms["M-1"]
    device = await make_device(
        code="hall",
        family="tasmota",
        address="old",
        room=room,
        occupied=False,
        confirmed_at=now,
        heard_at=now,
        battery=3,
    )
    body = {"family": "zigbee2mqtt", "address": "hall/motion", "sensing": "mmwave"}
    payload = (await office.post("/devices/hall/bind", body, "facilities")).json()
    assert {name: payload[name] for name in body} == body
    assert (payload["room"], payload["enabled"], payload["kind"]) == ("M-1", True, "presence"), "what is left out stays"
    assert (payload["occupied"], payload["battery"], payload["heard_at"]) == (None, None, None), (
        "another sensor said that"
    )
    assert (await Device.get(id=device.id)).hold_seconds == 300
    assert (await Room.get(id=room.id)).next_change_at is not None, "the room is looked at again"
    (entry,) = (await office.get(f"/history?object=device:{device.id}", "auditor")).json()["items"]
    assert (entry["action"], entry["after"]) == ("bound", body)
    assert entry["before"] == {"family": "tasmota", "address": "old", "sensing": "pir"}
    assert (await office.post("/devices/hall/bind", body, "facilities")).status_code == 200
    assert (await office.get(f"/history?object=device:{device.id}", "auditor")).json()["total"] == 1, "nothing changed"
    off = (await office.post("/devices/hall/bind", {"room": None, "enabled": False}, "facilities")).json()
    assert (off["room"], off["enabled"], off["sensing"]) == (None, False, "mmwave")


async def test_a_sensor_that_becomes_another_kind_is_held_as_that(office: Office) -> None:
    device = await make_device(code="air", occupied=True)
    payload = (await office.post("/devices/air/bind", {"sensing": "co2"}, "facilities")).json()
    assert (payload["kind"], payload["sensing"], payload["occupied"]) == ("air", "co2", None)
    assert (await office.post("/devices/air/bind", {"family": "native", "sensing": "pir"}, "facilities")).is_success
    assert (await Device.get(id=device.id)).hold_seconds == 900


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"family": "tasmota", "address": "theirs"}, 409, "device.taken"),
        ({"address": "somewhere"}, 422, "device.native_address"),
        ({"sensing": "smell"}, 422, "request.bad_field"),
        ({"family": None}, 422, "request.bad_field"),
        ({"room": "NIE-MA"}, 404, "room.unknown"),
    ],
)
async def test_what_a_known_device_cannot_become(office: Office, body: dict[str, Any], status: int, code: str) -> None:
    await make_device(code="other", family="tasmota", address="theirs")
    device = await make_device(code="mine", room=office.rooms["M-1"])
    before = await Device.filter(id=device.id).values()
    refused = await office.post("/devices/mine/bind", body, "facilities")
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert await Device.filter(id=device.id).values() == before


async def test_a_door_panel_becomes_no_sensor(office: Office) -> None:
    await make_panel(code="M-1-door")
    refused = await office.post("/devices/M-1-door/bind", {"sensing": "pir"}, "facilities")
    assert (refused.status_code, refused.json()["code"]) == (409, "device.is_panel")
    move = await office.post("/devices/M-1-door/bind", {"room": "M-1"}, "facilities")
    assert (move.status_code, move.json()["kind"]) == (200, "door_panel")


async def test_a_new_device_may_begin_switched_off(office: Office) -> None:
    new = {"family": "native", "sensing": "pir", "enabled": False}
    assert (await office.post("/devices/n-1/bind", new, "facilities")).json()["enabled"] is False


async def test_duties_are_for_who_keeps_the_roster(office: Office) -> None:
    await Duty.create(room=office.rooms["C-1"], name="dyżur", starts_at=soon(1), ends_at=soon(2))
    payload = (await office.get(f"/duties?from={soon(0).date()}&to={soon(48).date()}", "duty")).json()
    assert [one["name"] for one in payload["items"]] == ["dyżur"]
    assert (await office.get("/duties")).status_code == 403


async def test_history_is_paged_newest_first(office: Office) -> None:
    for hours in (24, 26, 28):
        assert (await office.book(hours)).status_code == 201
    first = (await office.get("/history?limit=2", "auditor")).json()
    rest = (await office.get(f"/history?limit=200&cursor={first['next']}", "auditor")).json()
    numbers = [entry["id"] for entry in first["items"] + rest["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == first["total"]
    assert (await office.get("/history?object=person:1", "accountant")).status_code == 403
    assert (await office.get("/history", "accountant")).status_code == 403
    assert (await office.get("/history?object=booking:x", "accountant")).status_code == 404


async def test_health_says_what_is_wrong(office: Office) -> None:
    assert (await office.get("/healthz", None)).json() == {"status": "ok"}
    ready = await office.get("/readyz", None)
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "sweeper": "ok"})

    async def away() -> None:
        raise Unavailable("broker.away", url="mqtt://broker")

    async def broken() -> None:
        raise OSError("no route")

    office.app.state.checks = {"broker": away, "database": broken}
    refused = await office.get("/readyz", None)
    assert (refused.status_code, refused.json()["code"]) == (503, "broker.away")
    assert "no route" in refused.json()["checks"]["database"]
    metrics = await office.get("/metrics", None)
    assert "izba_bookings_made_total" in metrics.text


async def test_a_share_of_every_price_is_known(office: Office) -> None:
    """The factories' pieces have no shares; those that the API makes always do."""
    answer = await office.post("/assets", {"name": "Lampa", "price": 99.99}, "facilities")
    amounts = await FundingShare.filter(asset_id=answer.json()["id"]).values_list("amount", flat=True)
    assert sum(amounts) == Decimal("99.99")


async def test_an_inbox_that_nobody_wrote_to_is_an_empty_list(office: Office) -> None:
    class Inbox(list[object]):
        def all(self) -> list[object]:
            return list(self)

    class Devices:
        def inbox(self) -> list[object]:
            return []

    office.app.state.inbox, office.app.state.devices = Inbox(), Devices()
    answer = await office.get("/devices/inbox", "facilities")
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


async def test_an_auditor_reads_of_a_help_point_booking_that_it_was_and_nothing_of_it(office: Office) -> None:
    booked = {}
    for code in ("M-1", "C-1", "H-1"):
        answer = await office.book(room=code, who="coordinator", wish={"kind": "consultation"} if code != "M-1" else {})
        assert answer.status_code == 201, answer.text
        booked[code] = answer.json()["id"]
    for code, booking_id in booked.items():
        path = f"/history?object=booking:{booking_id}"
        assert (await office.get(path, "auditor")).status_code == (200 if code == "M-1" else 404), code
        assert (await office.get(path, "coordinator")).status_code == 200
    entries = {entry["object"]: entry for entry in (await office.get("/history", "auditor")).json()["items"]}
    for code, booking_id in booked.items():
        entry = entries[f"booking:{booking_id}"]
        assert entry["withheld"] is (code != "M-1")
        assert bool(entry["actor"] and entry["after"]) is (code == "M-1")
        assert entry["hash"], "the chain can be followed"
