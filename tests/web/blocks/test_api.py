"""Blocks for programs."""

from typing import Any

import pytest

from registry.bookings.models import Booking, Kind
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio


def block(*rooms: str, hours: float = 24, **more: Any) -> dict[str, Any]:
    since, until = soon(hours), soon(hours + 4)
    return {
        "rooms": list(rooms), "starts_at": since.isoformat(), "ends_at": until.isoformat(), "reason": "malowanie",
    } | more  # fmt: skip


async def test_rooms_are_blocked_changed_and_given_back(office: Office) -> None:
    response = await office.post("/blocks", block("M-1", "C-1", public_text={"pl": "Remont"}), "coordinator")
    assert response.status_code == 201, response.text
    answer = response.json()
    assert (answer["rooms"], answer["state"], answer["created_by"]) == (["M-1", "C-1"], "planned", "coordinator")
    assert response.headers["location"].endswith(f"/blocks/{answer['id']}")
    path = f"/blocks/{answer['id']}"
    read = await office.get(path, "auditor")
    assert (read.json(), read.headers["etag"]) == (answer, '"1"')
    later = {"starts_at": soon(26).isoformat()}
    stale = await office.call("PATCH", path, "facilities", json=later, headers={"if-match": '"7"'})
    assert stale.status_code == 412
    changed = await office.call("PATCH", path, "facilities", json=later, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["revision"]) == (200, 2)
    last = await office.post(f"{path}/cancel", {}, "coordinator")
    assert (last.status_code, last.json()["state"]) == (200, "cancelled")
    listed = await office.get("/blocks", "facilities")
    assert [one["id"] for one in listed.json()["items"]] == [answer["id"]]
    assert await Booking.filter(kind=Kind.BLOCK, status="confirmed").count() == 0


async def test_what_is_in_the_way_is_named_and_decided_on(office: Office) -> None:
    booking = await office.held("M-1", 25, title="Narada")
    refused = await office.post("/blocks", block("M-1"), "coordinator")
    assert (refused.status_code, refused.json()["code"]) == (409, "block.in_the_way")
    assert [(one["id"], one["title"]) for one in refused.json()["conflicts"]] == [(str(booking.id), "Narada")]
    wish = block("M-1", decisions=[{"booking": str(booking.id), "way": "move", "room": "M-2"}])
    assert (await office.post("/blocks", wish, "coordinator")).status_code == 201
    moved = (await office.get(f"/bookings/{booking.id}", "alice")).json()
    assert moved["room"] == "M-2"


async def test_a_stranger_reads_the_public_text_and_no_reason(office: Office) -> None:
    await office.post("/blocks", block("M-1", "C-1", public_text={"pl": "Remont", "en": "Works"}), "coordinator")
    day = soon(24).date().isoformat()
    text = (await office.get(f"/availability?date={day}&days=2&room=M-1&room=C-1", "charlie")).text
    assert "malowanie" not in text
    assert "Works" in text
    for who in ("alice", "charlie", "accountant"):
        assert (await office.get("/blocks", who)).status_code == 403
        assert (await office.post("/blocks", block("M-2"), who)).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (block("M-1") | {"reason": " "}, 422, "request.missing_field"),
        (block(), 422, "block.no_room"),
        (block("nowhere"), 404, "room.unknown"),
        ({"rooms": ["M-1"], "reason": "x"}, 422, "request.missing_field"),
        (block("M-1", hours=-30), 422, "block.too_early"),
        (block("M-1", on_conflict="ask"), 422, "request.bad_field"),
        (block("M-1", public_text={"de": "x"}), 422, "request.unknown_field"),
        (block("M-1", decisions=[{"booking": "x", "way": "keep"}]), 422, "request.bad_field"),
    ],
)
async def test_what_does_not_fit(office: Office, body: dict[str, Any], status: int, code: str) -> None:
    answer = await office.post("/blocks", body, "coordinator")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_several_spans(office: Office) -> None:
    spans = [{"starts_at": soon(at).isoformat(), "ends_at": soon(at + 2).isoformat()} for at in (24, 48)]
    response = await office.post("/blocks", {"rooms": ["M-1"], "spans": spans, "reason": "x"}, "admin")
    assert (response.status_code, len(response.json()["spans"])) == (201, 2)
    path = f"/blocks/{response.json()['id']}"
    changed = await office.call(
        "PATCH", path, "admin", json={"spans": spans[:1], "rooms": ["M-2"], "public_text": {"pl": "Remont"},
        "on_conflict": "keep", "decisions": []},
    )  # fmt: skip
    assert (len(changed.json()["spans"]), changed.json()["rooms"]) == (1, ["M-2"])
    here = await office.get(f"/blocks?from={soon(20).date()}&to={soon(72).date()}&room=M-2", "admin")
    assert here.json()["total"] == 1
    assert (await office.get("/blocks/nonsense", "admin")).json()["code"] == "block.unknown"


async def test_one_end_does_not_make_one_span_of_several(office: Office) -> None:
    spans = [{"starts_at": soon(at).isoformat(), "ends_at": soon(at + 2).isoformat()} for at in (24, 48)]
    path = f"/blocks/{(await office.post('/blocks', block('M-1') | {'spans': spans}, 'admin')).json()['id']}"
    for name in ("starts_at", "ends_at"):
        answer = await office.call("PATCH", path, "admin", json={name: soon(60).isoformat()})
        assert (answer.status_code, answer.json()["params"]["field"]) == (422, name), answer.text
        body = {"rooms": ["M-2"], "spans": spans, "reason": "x", name: soon(60).isoformat()}
        answer = await office.post("/blocks", body, "admin")
        assert (answer.status_code, answer.json()["code"]) == (422, "request.missing_field"), answer.text
    assert len((await office.get(path, "admin")).json()["spans"]) == 2


async def test_part_of_a_block_says_whose_it_is(office: Office) -> None:
    whole = (await office.post("/blocks", block("M-1"), "admin")).json()
    part = await Booking.get(kind=Kind.BLOCK)
    answer = await office.call("PATCH", f"/bookings/{part.id}", "admin", json={"room": "M-2"})
    assert (answer.status_code, answer.json()["code"]) == (409, "booking.part_of_block")
    assert answer.json()["params"]["block"] == whole["id"]
    assert "malowanie" in answer.json()["detail"]
