"""Bookings through the API: made, repeated, changed, refused with help."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from registry.bookings.models import Booking
from registry.core.idempotency import IdempotencyKey
from registry.rooms.models import HoursPolicy, Room, StandardItem
from tests.make import make_opening, make_room
from tests.web.conftest import Office, soon, until_noon, wish

pytestmark = pytest.mark.anyio


async def test_a_booking_is_made_and_read_back(office: Office) -> None:
    answer = await office.book(wish={"title": "Planowanie", "attendees": 4, "needs": ["projector"]})
    assert answer.status_code == 201
    payload = answer.json()
    assert payload["room"] == "M-1"
    assert payload["status"] == "confirmed"
    assert payload["organizer"] == "alice"
    assert payload["warnings"] == []
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/api/v1/bookings/{payload['id']}"
    copy = await office.get(f"/bookings/{payload['id']}")
    payload.pop("warnings")
    assert copy.json() == payload
    assert payload["starts_at"][-6:] in ("+01:00", "+02:00"), "times come in the offset of the site"


async def test_a_repeated_key_books_once(office: Office) -> None:
    body = wish()
    first = await office.post("/bookings", body, headers={"Idempotency-Key": "tap-1"})
    again = await office.post("/bookings", body, headers={"Idempotency-Key": "tap-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert {name: again.headers[name] for name in ("etag", "location", "content-type")} == {
        name: first.headers[name] for name in ("etag", "location", "content-type")
    }
    assert await Booking.all().count() == 1
    other = await office.post("/bookings", body | {"room": "M-2"}, headers={"Idempotency-Key": "tap-1"})
    assert (other.status_code, other.json()["code"]) == (409, "request.key_reused")
    theirs = await office.post("/bookings", body | {"room": "M-2"}, "bob", headers={"Idempotency-Key": "tap-1"})
    assert theirs.status_code == 201, "a key belongs to its person"
    assert await IdempotencyKey.all().count() == 2


async def test_a_repeated_command_is_answered_as_it_was_then(office: Office) -> None:
    booking = await office.held("M-1", -0.1)
    key = {"Idempotency-Key": "k"}
    first = await office.post(f"/bookings/{booking.id}/extend", {"minutes": 15}, headers=key)
    await office.post(f"/bookings/{booking.id}/end")
    again = await office.post(f"/bookings/{booking.id}/extend", {"minutes": 15}, headers=key)
    assert (first.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert again.json()["status"] == "checked_in"


async def test_a_key_of_another_command_is_refused(office: Office) -> None:
    booking = await office.held("M-1", 0.1)
    other = await office.held("M-2", 0.1)
    key = {"Idempotency-Key": "k"}
    assert (await office.post(f"/bookings/{booking.id}/check-in", headers=key)).status_code == 200
    refused = await office.post(f"/bookings/{other.id}/check-in", headers=key)
    assert refused.json()["code"] == "request.key_reused"


async def test_a_taken_room_names_conflicts_and_alternatives(office: Office) -> None:
    mine = (await office.book(wish={"title": "Narada"})).json()
    refused = await office.book(who="bob")
    payload = refused.json()
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert payload["code"] == "booking.overlap"
    assert [one["id"] for one in payload["conflicts"]] == [mine["id"]]
    assert payload["conflicts"] == payload["params"]["conflicts"]
    assert payload["alternatives"] == payload["params"]["alternatives"]
    other = next(one for one in payload["alternatives"] if one["reason"] == "other_room")
    offer = await office.post("/bookings", {name: other[name] for name in ("room", "starts_at", "ends_at")}, "bob")
    assert offer.status_code == 201, "what is offered can be had"


async def test_a_change_of_an_old_version_is_refused(office: Office) -> None:
    hours = until_noon()
    booking = await office.held("M-1", hours)
    path = f"/bookings/{booking.id}"
    change = await office.call("PATCH", path, json={"title": "Nowy"}, headers={"If-Match": '"1"'})
    assert (change.status_code, change.headers["etag"]) == (200, '"2"')
    assert change.json()["title"] == "Nowy"
    for stale in ('"1"', 'W/"1"', '"x"'):
        refused = await office.call("PATCH", path, json={"title": "Stary"}, headers={"If-Match": stale})
        assert (refused.status_code, refused.json()["code"]) == (412, "request.stale")
    for fresh in ("*", '"3"', 'W/"4"'):
        assert (await office.call("PATCH", path, json={"title": ""}, headers={"If-Match": fresh})).status_code == 200
    await office.held("M-2", hours)
    move = await office.call("PATCH", path, json={"room": "M-2"})
    assert (move.status_code, move.json()["code"]) == (409, "booking.overlap")
    assert move.json()["alternatives"]


async def test_a_running_booking_is_checked_in_extended_and_ended(office: Office) -> None:
    booking = await office.held("M-1", 0.1)
    assert (await office.post(f"/bookings/{booking.id}/check-in")).json()["status"] == "checked_in"
    await Booking.filter(id=booking.id).update(starts_at=soon(-0.5), blocked_from=soon(-0.5))
    longer = await office.post(f"/bookings/{booking.id}/extend", {"minutes": 30})
    assert longer.status_code == 200
    assert (await Booking.get(id=booking.id)).ends_at == booking.ends_at + timedelta(minutes=30)
    until = (booking.ends_at + timedelta(minutes=45)).isoformat()
    assert (await office.post(f"/bookings/{booking.id}/extend", {"until": until})).status_code == 200
    ended = await office.post(f"/bookings/{booking.id}/end", {})
    assert ended.json()["status"] == "ended"


@pytest.mark.parametrize("code", ["C-1", "H-1"])
async def test_the_reason_of_a_shy_room_is_one_of_a_list(office: Office, code: str) -> None:
    booking = await office.held(code, hours=24, who="coordinator", kind="consultation", status="confirmed")
    path = f"/bookings/{booking.id}/cancel"
    for words in ("pani Nowak nie przyjdzie", "Moved"):
        refused = await office.post(path, {"reason": words}, "coordinator")
        assert (refused.status_code, refused.json()["code"]) == (422, "booking.bad_reason")
        assert "not_needed" in refused.json()["params"]["reasons"]
    assert (await office.post(path, {"reason": "not_needed"}, "coordinator")).status_code == 200
    entries = (await office.get(f"/history?object=booking:{booking.id}", "coordinator")).json()["items"]
    assert [entry["reason"] for entry in entries if entry["action"] == "cancelled"] == ["not_needed"]


async def test_a_booking_is_cancelled_with_a_reason(office: Office) -> None:
    booking = await office.held("M-1")
    assert (await office.post(f"/bookings/{booking.id}/cancel", {"reason": "choroba"})).json()["status"] == "cancelled"
    history = await office.get(f"/history?object=booking:{booking.id}", "auditor")
    assert history.json()["items"][0]["reason"] == "choroba"


async def test_a_release_is_undone(office: Office) -> None:
    booking = await office.held("M-1", -0.3)
    refused = await office.post(f"/bookings/{booking.id}/undo-release")
    assert (refused.status_code, refused.json()["code"]) == (409, "booking.state")
    await Booking.filter(id=booking.id).update(
        status="released", released_at=soon(-0.05), ends_at=soon(-0.05), blocked_to=soon(-0.05)
    )
    undone = await office.post(f"/bookings/{booking.id}/undo-release")
    assert (undone.status_code, undone.json()["status"]) == (200, "checked_in")


@pytest.mark.parametrize("command", ["extend", "end", "cancel"])
async def test_a_foreign_booking_stays_as_it_is(office: Office, command: str) -> None:
    booking = await office.held("M-1", -0.5)
    for who in ("bob", "charlie", "facilities"):
        refused = await office.post(f"/bookings/{booking.id}/{command}", who=who)
        assert (refused.status_code, refused.json()["code"]) == (403, "booking.not_yours")
    change = await office.call("PATCH", f"/bookings/{booking.id}", "charlie", json={"title": "x"})
    assert (change.status_code, change.json()["code"]) == (403, "booking.not_yours")


async def test_an_auditor_changes_nothing(office: Office) -> None:
    booking = await office.held("M-1", -0.5)
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/bookings", wish()),
        ("PATCH", f"/bookings/{booking.id}", {"title": "x"}),
        *(("POST", f"/bookings/{booking.id}/{name}", {}) for name in ("check-in", "extend", "end", "cancel")),
        ("POST", "/assets", {"name": "Stół", "price": "1"}),
        ("POST", "/assets/1/transitions/report_fault", {}),
        ("POST", "/tags/0000000/link", {}),
        ("POST", "/imports", {}),
        ("POST", "/panels/pair", {"code": "ABC", "room": "M-1"}),
    ]
    for method, path, body in calls:
        refused = await office.call(method, path, "auditor", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.role"), path


async def test_only_a_coordinator_books_for_somebody_of_another_institution(office: Office) -> None:
    refused = await office.book(who="charlie", wish={"organizer": "alice"})
    assert (refused.status_code, refused.json()["code"]) == (403, "booking.for_another")
    answer = await office.book(who="coordinator", wish={"organizer": "alice"})
    assert (answer.status_code, answer.json()["organizer"]) == (201, "alice")
    unknown = await office.book(48, who="coordinator", wish={"organizer": "nobody"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person.unknown")


async def test_a_needed_thing_that_does_not_work_warns(office: Office) -> None:
    await StandardItem.create(room=office.rooms["M-1"], name="Projektor", feature="projector")
    answer = await office.book(wish={"needs": ["projector", "flipchart"]})
    (warning,) = answer.json()["warnings"]
    assert (answer.status_code, warning["code"], warning["params"]["need"]) == (201, "booking.not_ready", "projector")
    assert "projector" in warning["detail"]


async def test_a_room_advised_to_be_closed_warns(office: Office) -> None:
    never = await make_opening(0, 1)
    await make_room(code="N-1", opening=never, hours_policy=HoursPolicy.ADVISORY)
    answer = await office.book(room="N-1")
    assert answer.status_code == 201
    assert [warning["code"] for warning in answer.json()["warnings"]] == ["booking.outside_hours"]
    strict = await make_room(code="N-2", opening=never, hours_policy=HoursPolicy.STRICT)
    refused = await office.book(room=strict.code)
    assert (refused.status_code, refused.json()["code"]) == (409, "booking.closed")
    assert "alternatives" in refused.json()


async def test_a_refusal_names_the_state_in_words_and_the_time_on_the_wall(office: Office) -> None:
    """Programs read codes and RFC 3339 in params, people a word of theirs and the clock of the office."""
    answer = (await office.book(48)).json()
    early = (await office.post(f"/bookings/{answer['id']}/check-in", headers={"accept-language": "pl"})).json()
    opens = datetime.fromisoformat(answer["starts_at"]) - timedelta(minutes=10)
    assert datetime.fromisoformat(early["params"]["opens"]) == opens
    assert early["params"]["opens"].endswith(answer["starts_at"][-6:])
    assert f" {opens:%Y-%m-%d %H:%M}." in early["detail"]
    await office.post(f"/bookings/{answer['id']}/cancel")
    late = (await office.post(f"/bookings/{answer['id']}/check-in", headers={"accept-language": "pl"})).json()
    assert late["params"]["status"] == "cancelled"
    assert late["detail"].endswith("to odwołana.")


async def test_rooms_that_are_said_to_be_free_can_be_booked(office: Office) -> None:
    """With their own set-up and clean-up, and not where the rules of the room refuse it."""
    await Room.filter(code__in=["M-1", "M-2"]).update(cleanup_minutes=10)
    await Room.filter(code="P-1").update(max_hours=0)
    assert (await office.book(25, "M-2")).status_code == 201
    body = wish()
    free = await office.get("/rooms", params={"free_from": body["starts_at"], "free_to": body["ends_at"]})
    codes = sorted(room["code"] for room in free.json()["items"])
    assert codes == ["C-1", "M-1"]
    for code in codes:
        kind = {"kind": "consultation"} if code == "C-1" else {}
        assert (await office.post("/bookings", body | {"room": code} | kind)).status_code == 201


async def test_a_clean_up_in_the_way_is_named(office: Office) -> None:
    await Room.filter(code="M-1").update(cleanup_minutes=10)
    first = (await office.book()).json()
    following = {"room": "M-1", "starts_at": first["ends_at"], "ends_at": wish(25.5)["starts_at"]}
    for who in ("alice", "charlie", "coordinator"):
        refused = (await office.post("/bookings", following, who)).json()
        assert [one["ends_at"] for one in refused["conflicts"]] == [first["ends_at"]], who
        assert refused["params"]["free_from"] >= first["blocked_to"][:16]
        assert "cleaned up until" in refused["detail"]


async def test_null_takes_the_number_of_people_out(office: Office) -> None:
    booking = (await office.book(wish={"attendees": 8})).json()
    changed = await office.call("PATCH", f"/bookings/{booking['id']}", json={"attendees": None})
    assert (changed.status_code, changed.json()["attendees"]) == (200, None)
    renamed = await office.call("PATCH", f"/bookings/{booking['id']}", json={"title": "x"})
    assert renamed.json()["attendees"] is None


@pytest.mark.parametrize("who", ["alice", "accountant", "facilities"])
async def test_a_hidden_booking_is_unknown_to_a_stranger_in_every_call(office: Office, who: str) -> None:
    hidden = await office.held("H-1", -0.1, "coordinator", kind="consultation")
    released = await office.held("H-1", -3, "coordinator", kind="consultation", status="released", released_at=soon(0))
    calls: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PATCH", "", {"attendees": 2}),
        ("PATCH", "", {"room": "nowhere"}),
        *(("POST", f"/{act}", {}) for act in ("check-in", "extend", "end", "cancel", "undo-release")),
    ]
    for method, act, body in calls:
        for booking in (hidden, released):
            answers = [
                await office.call(method, f"/bookings/{one}{act}", who, json=body, headers={"If-Match": '"7"'})
                for one in (booking.id, uuid4())
            ]
            theirs, nobodys = [(answer.status_code, answer.json()) for answer in answers]
            assert theirs == nobodys, (method, act)
            assert theirs[0] in (403, 404)


async def test_the_callers_own_bookings_are_a_list_in_pages(office: Office) -> None:
    for hours in (24, 26, 28):
        await office.held("M-1", hours)
    await office.held("M-1", 30, "bob")
    first = (await office.get("/bookings?limit=2")).json()
    assert (len(first["items"]), first["total"]) == (2, 3)
    rest = (await office.get(f"/bookings?limit=2&cursor={first['next']}")).json()
    times = [one["starts_at"] for one in first["items"] + rest["items"]]
    assert (len(times), rest["next"]) == (3, None)
    assert times == sorted(times)
