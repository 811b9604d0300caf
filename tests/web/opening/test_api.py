"""Opening hours and the days of a site for programs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.rooms.models import OpeningProfile, Room
from tests.make import make_site
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio
WEEK = [{"weekday": number, "opens": "08:00", "closes": "16:00"} for number in range(1, 8)]


async def test_a_week_is_made_given_and_changed(office: Office) -> None:
    week = {"code": "office", "name": "Urząd", "spans": WEEK, "closed_on_holidays": False}
    first = await office.post("/opening-profiles", week, "coordinator")
    assert first.status_code == 201, first.text
    assert (first.json()["spans"][0]["weekday"], first.json()["revision"]) == (1, 1)
    await Room.filter(code="M-1").update(opening_id=(await OpeningProfile.get(code="office")).id)
    day = soon(48).replace(hour=12, minute=0, second=0)
    body = {"room": "M-1", "starts_at": day.isoformat(), "ends_at": day.replace(hour=13).isoformat(), "title": "Narada"}
    assert (await office.post("/bookings", body)).status_code == 201
    short = {"spans": [one | {"closes": "10:00"} for one in WEEK]}
    for query, revision in (("?preview=true", 1), ("", 2)):
        answer = await office.call("PATCH", f"/opening-profiles/office{query}", "coordinator", json=short)
        assert (answer.status_code, answer.json()["revision"]) == (200, revision)
        assert [one["title"] for one in answer.json()["misfits"]] == ["Narada"]
    listed = await office.get("/opening-profiles", "alice")
    assert [(one["code"], one["rooms"]) for one in listed.json()["items"]] == [("office", 1)]
    read = await office.get("/opening-profiles/office", "alice")
    assert (read.json()["spans"][0]["closes"], read.headers["etag"]) == ("10:00", '"2"')
    stale = await office.call(
        "PATCH", "/opening-profiles/office", "admin", json={"name": "x"}, headers={"if-match": '"1"'}
    )
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"spans": [{"weekday": 1, "opens": "16:00", "closes": "08:00"}]}, 422, "opening.closes_first"),
        ({"spans": [{"weekday": 1, "opens": "8", "closes": "16:00"}]}, 422, "request.bad_field"),
        ({"spans": [{"weekday": 1, "opens": "24:30", "closes": "16:00"}]}, 422, "request.bad_field"),
        ({"spans": [{"weekday": 8, "opens": "08:00", "closes": "16:00"}]}, 422, "request.bad_field"),
        ({"code": "a b"}, 422, "opening.bad_code"),
    ],
)
async def test_a_week_that_cannot_be(office: Office, change: dict[str, Any], status: int, code: str) -> None:
    answer = await office.post("/opening-profiles", {"code": "office", "spans": WEEK} | change, "admin")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_a_preview_refuses_what_cannot_be(office: Office) -> None:
    await office.post("/opening-profiles", {"code": "office", "spans": WEEK}, "admin")
    path = "/opening-profiles/office?preview=true"
    for body, code in (
        ({"spans": [{"weekday": 1, "opens": "16:00", "closes": "08:00"}]}, "opening.closes_first"),
        (
            {"spans": [WEEK[0] | {"valid_from": f"2027-{month:02}-01"} for month in range(1, 13)]},
            "opening.too_many_periods",
        ),
    ):
        answer = await office.call("PATCH", path, "admin", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    stale = await office.call("PATCH", path, "admin", json={"name": "x"}, headers={"if-match": '"7"'})
    assert stale.status_code == 412


async def test_a_year_is_the_one_of_the_site(office: Office) -> None:
    await make_site(code="AKL", timezone="Pacific/Auckland")
    office.app.state.clock = lambda: datetime(2026, 12, 31, 20, tzinfo=UTC)
    days = (await office.get("/sites/AKL/days")).json()["items"]
    assert {day["date"][:4] for day in days} == {"2027"}


async def test_days_of_a_site(office: Office) -> None:
    site = await make_site(code="BDG")
    days = f"/sites/{site.code}/days"
    put = await office.call("PUT", f"{days}/2027-05-28", "coordinator", json={"name": "po Bożym Ciele"})
    assert (put.status_code, put.json()["kind"], put.json()["misfits"]) == (200, "closed", [])
    assert (await office.get(f"{days}/2027-05-28")).json()["name"] == "po Bożym Ciele"
    year = (await office.get(f"{days}?year=2027")).json()
    assert {one["kind"] for one in year["items"]} == {"holiday", "closed"}
    look = await office.call("DELETE", f"{days}/2027-05-28?preview=true", "coordinator")
    assert look.json()["kind"] == "closed"
    gone = await office.call("DELETE", f"{days}/2027-05-28", "coordinator")
    assert (gone.status_code, gone.json()["kind"]) == (200, "usual")
    page = await office.call("PUT", f"{days}/2027-05-28?preview=true", "admin", json={"name": "x", "is_open": True})
    assert page.json()["kind"] == "usual"
    assert (await office.get("/sites/none/days")).json()["code"] == "site.unknown"
    for method, path in (("PUT", f"{days}/2027-05-28"), ("DELETE", f"{days}/2027-05-28")):
        answer = await office.call(method, path, "alice", **({"json": {"name": "x"}} if method == "PUT" else {}))
        assert answer.status_code == 403
    assert (await office.post("/opening-profiles", {"code": "x", "spans": []}, "facilities")).status_code == 403
