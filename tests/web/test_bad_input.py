"""Whatever is sent: a clear reason in one shape, and nothing stored."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from registry.bookings.models import Booking
from tests.web.conftest import Office, soon, wish

pytestmark = pytest.mark.anyio

FIVE_YEARS = (soon(24) + timedelta(days=5 * 365)).isoformat()
WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"ends_at": soon(20).isoformat()}, 422, "booking.ends_before_start"),
    ({"starts_at": "2026-11-26T13:00:00"}, 422, "booking.naive_time"),
    ({"ends_at": "2026-11-26"}, 422, "booking.naive_time"),
    ({"starts_at": "jutro"}, 422, "booking.bad_time"),
    ({"starts_at": "2026-13-45T99:00:00+01:00"}, 422, "booking.bad_time"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, 422, "booking.bad_time"),
    ({"ends_at": "9999-12-31T23:59:59-12:00"}, 422, "booking.bad_time"),
    ({"ends_at": FIVE_YEARS}, 409, "booking.too_long"),
    ({"starts_at": soon(-48).isoformat(), "ends_at": soon(-47).isoformat()}, 409, "booking.too_early"),
    ({"room": "NIE-MA"}, 404, "room.unknown"),
    ({"room": "M-1\x00"}, 422, "request.bad_field"),
    ({"room": "x" * 41}, 422, "request.bad_field"),
    ({"title": "a" * 10_000}, 422, "booking.title_too_long"),
    ({"title": "a\x00b"}, 422, "booking.title_control"),
    ({"title": "\u202egnp.exe"}, 422, "booking.title_control"),
    ({"kind": "party"}, 422, "booking.bad_kind"),
    ({"kind": "consultation"}, 422, "booking.bad_kind"),
    ({"needs": ["swimming_pool"]}, 422, "booking.bad_needs"),
    ({"needs": "projector"}, 422, "request.bad_field"),
    ({"attendees": 0}, 422, "booking.bad_attendees"),
    ({"attendees": 13}, 409, "booking.over_capacity"),
    ({"attendees": 10**30}, 422, "request.bad_field"),
    ({"attendees": "four"}, 422, "request.bad_field"),
    ({"colour": "red"}, 422, "request.unknown_field"),
    ({"room": None}, 422, "request.bad_field"),
    ({"room": "C-1", "title": "who"}, 422, "booking.title_not_here"),
    ({"room": "H-1"}, 403, "room.not_yours"),
    ({"kind": "block"}, 403, "auth.role"),
]


def is_problem(response: Any, status: int, code: str) -> bool:
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert {"type", "title", "status", "code", "detail", "params"} <= problem.keys()
    assert problem["title"]
    assert problem["detail"].rstrip("…")[-1] in ".:" or problem["detail"].endswith("…")
    return bool((response.status_code, problem["code"]) == (status, code))


async def test_a_wrong_value_is_named(office: Office) -> None:
    for change, status, code in WRONG:
        refused = await office.post("/bookings", wish() | change)
        assert is_problem(refused, status, code), (change, refused.text)
    assert await Booking.all().count() == 0


async def test_a_missing_field_is_named(office: Office) -> None:
    body = wish()
    for name in ("room", "starts_at", "ends_at"):
        refused = await office.post("/bookings", {key: value for key, value in body.items() if key != name})
        assert is_problem(refused, 422, "request.missing_field")
        assert refused.json()["params"]["field"] == name


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"room": "\xff\xfe"}', 400, "request.not_utf8"),
        ("{}".encode("utf-16"), 400, "request.not_utf8"),
        (b"", 400, "request.not_json"),
        (b"{", 400, "request.not_json"),
        (b'{"room": NaN}', 400, "request.not_json"),
        (b"[]", 422, "request.bad_field"),
        (b"null", 422, "request.bad_field"),
        (b"[" * 10_000, 400, "request.not_json"),
        (b'{"needs": ' + b"[" * 10_000, 400, "request.not_json"),
        (b'"room"', 422, "request.bad_field"),
        (rb'{"title": "\ud800"}', 400, "request.not_json"),
        (b'{"attendees": ' + b"9" * 5000 + b"}", 400, "request.not_json"),
        (b'{"title": "' + b"a" * 1_100_000 + b'"}', 413, "request.too_large"),
    ],
)
async def test_a_body_that_cannot_be_read(office: Office, body: bytes, status: int, code: str) -> None:
    for method, path in (("POST", "/bookings"), ("PATCH", "/bookings/0b0e0b4e-0000-4000-8000-000000000000")):
        refused = await office.call(method, path, content=body, headers={"content-type": "application/json"})
        assert is_problem(refused, status, code), refused.text


@pytest.mark.parametrize("more", ['"room": "M-2"', r'"r\u006fom": "M-2"', '"room": "M-1"'])
async def test_a_key_that_comes_twice_is_named(office: Office, more: str) -> None:
    """Programs read the first, the last or both: whoever checked it may have read another value than we."""
    body = json.dumps(wish())[:-1] + f", {more}" + "}"
    refused = await office.call("POST", "/bookings", content=body, headers={"content-type": "application/json"})
    assert is_problem(refused, 422, "request.duplicate_key"), refused.text
    assert refused.json()["params"] == {"field": "room"}
    assert "room" in refused.json()["detail"]
    assert await Booking.all().count() == 0


async def test_a_key_that_comes_twice_deep_inside_is_named(office: Office) -> None:
    body = b'{"name": "Lampa", "price": 1, "grants": {"PL/1": 10, "PL/1": 20}}'
    refused = await office.call("POST", "/assets", "facilities", content=body)
    assert is_problem(refused, 422, "request.duplicate_key"), refused.text
    assert refused.json()["params"] == {"field": "PL/1"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_what_is_no_number_of_json_is_named(office: Office, number: str) -> None:
    body = f'{{"name": "Lampa", "price": {number}}}'.encode()
    refused = await office.call("POST", "/assets", "facilities", content=body)
    assert is_problem(refused, 400, "request.not_json"), refused.text
    assert number in refused.json()["detail"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"attendees": "four"}, "to nie liczba całkowita"),
        ({"room": "x" * 41}, "40"),
        ({"needs": ["projector"] * 21}, "20"),
        ({"attendees": 10**30}, "wartość jest większa"),
        ({"room": None}, "to nie tekst"),
    ],
)
async def test_the_reason_of_a_value_is_in_the_reader_s_language(
    office: Office, change: dict[str, Any], reason: str
) -> None:
    refused = await office.post("/bookings", wish() | change, headers={"accept-language": "pl"})
    assert is_problem(refused, 422, "request.bad_field")
    detail = refused.json()["detail"]
    assert reason in detail
    assert "Expected" not in detail
    assert "characters" not in detail


async def test_no_reason_is_english_to_a_polish_reader(office: Office) -> None:
    many = "&".join(["room=M-1"] * 300)
    new = {"family": "native", "sensing": "pir"}
    for path, body in [
        ("/rooms?cursor=zzz", None),
        ("/rooms?limit=0", None),
        ("/availability?days=0", None),
        ("/availability?date=2026-02-30", None),
        (f"/availability?{many}", None),
        ("/rooms/M-1/bookings?from=2026-01-01&to=2026-12-31", None),
        ("/devices/a+b/bind", new),
        ("/devices/ab/bind", new | {"sensing": "smell"}),
        ("/tags/0000000/link", {"asset": 1, "room": "M-1"}),
        ("/assets", {"name": "x", "price": 1, "grants": {"X": 101}}),
        ("/assets", {"name": "x\x00", "price": 1}),
    ]:
        refused = await office.call(
            "GET" if body is None else "POST", path, "admin", json=body, headers={"accept-language": "pl"}
        )
        assert is_problem(refused, 422, "request.bad_field"), (path, refused.text)
        assert not re.search(
            r"\b(the|it|is|not|than|from|are|of)\b", refused.json()["detail"].replace("from", "", 1)
        ), path


async def test_nobody_and_strangers_are_told_so(office: Office) -> None:
    assert is_problem(await office.get("/rooms", None), 401, "auth.required")
    for header in ("Bearer nonsense", "Bearer ", "Bearer \xff"):
        refused = await office.get("/rooms", None, headers={"authorization": header.encode("latin-1")})
        assert is_problem(refused, 401, "auth.bad_token")
        assert refused.headers["www-authenticate"] == "Bearer"
    assert is_problem(await office.get("/rooms", None, headers={"authorization": "Basic eA=="}), 401, "auth.required")


async def test_queries_are_checked(office: Office) -> None:
    for path, status, code in [
        ("/rooms/NIE-MA", 404, "room.unknown"),
        ("/rooms/%00/state", 404, "room.unknown"),
        ("/rooms?limit=0", 422, "request.bad_field"),
        ("/rooms?cursor=zzz", 422, "request.bad_field"),
        ("/rooms?kind=castle", 422, "request.bad_field"),
        ("/rooms?free_from=2026-11-26T13:00:00%2B01:00", 422, "request.missing_field"),
        ("/rooms?free_from=2026-11-26T13:00:00&free_to=x", 422, "booking.naive_time"),
        ("/rooms/M-1/bookings?from=x", 422, "booking.bad_time"),
        ("/rooms/M-1/bookings?from=2026-11-26&to=2026-11-25", 422, "booking.ends_before_start"),
        ("/rooms/M-1/bookings?from=2026-01-01&to=2026-12-31", 422, "request.bad_field"),
        ("/availability?date=2026-02-30", 422, "request.bad_field"),
        ("/availability?date=", 422, "request.bad_field"),
        ("/availability?date=1989-12-31", 422, "request.bad_field"),
        ("/availability?date=2200-01-01", 422, "request.bad_field"),
        ("/availability?date=10000-01-01", 422, "request.bad_field"),
        ("/rooms/M-1/bookings?from=", 422, "booking.bad_time"),
        ("/rooms/M-1/bookings?to=", 422, "booking.bad_time"),
        ("/availability?days=0", 422, "request.bad_field"),
        ("/availability?days=43", 422, "request.bad_field"),
        ("/availability?days=%C2%B2", 422, "request.bad_field"),
        ("/availability?room=NIE-MA", 404, "room.unknown"),
        ("/availability?room=%00", 404, "room.unknown"),
        ("/bookings/not-a-uuid", 404, "booking.unknown"),
        ("/bookings/0b0e0b4e-0000-4000-8000-000000000000", 404, "booking.unknown"),
        ("/assets/0", 404, "asset.unknown"),
        ("/assets/99999999999999999999", 404, "asset.unknown"),
        ("/assets/x", 422, "request.bad_field"),
        ("/assets?lifecycle=lost", 422, "request.bad_field"),
        ("/assets?q=%00", 422, "request.bad_field"),
        ("/tags/0000001", 404, "tag.bad_check"),
        ("/nothing", 404, "request.not_found"),
    ]:
        refused = await office.get(path)
        assert is_problem(refused, status, code), (path, refused.text)
    assert is_problem(await office.call("DELETE", "/rooms"), 405, "request.method")


async def test_the_reason_comes_in_the_language_asked_for(office: Office) -> None:
    polish = await office.get("/rooms/NIE-MA", headers={"accept-language": "pl"})
    english = await office.get("/rooms/NIE-MA", headers={"accept-language": "en"})
    assert (polish.headers["content-language"], english.headers["content-language"]) == ("pl", "en")
    assert english.json()["detail"].startswith("There is no room NIE-MA")
