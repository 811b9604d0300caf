"""Series through the API: previewed, booked, read, changed and cancelled."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.bookings.models import Booking
from tests.conftest import WARSAW
from tests.make import make_booking
from tests.web.conftest import Office, soon

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


def first(hours: float = 72) -> datetime:
    return soon(hours).replace(second=0)


def body(starts_at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "room": "M-1", "starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
        "title": "Narada", "rrule": "FREQ=DAILY;COUNT=3",
    } | more  # fmt: skip


async def test_a_series_from_its_preview_to_its_end(office: Office) -> None:
    at = first()
    await make_booking(at + timedelta(days=1), room=office.rooms["M-1"], organizer=office.people["charlie"])
    preview = (await office.post("/series/preview", body(at))).json()
    assert (preview["free"], preview["in_the_way"], preview["needs_approval"]) == (2, 1, False)
    assert [one["code"] for one in preview["dates"]] == [None, "booking.overlap", None]
    assert preview["dates"][1]["alternatives"][0]["reason"] == "other_room"
    assert await Booking.all().count() == 1

    refused = await office.post("/series", body(at))
    assert (refused.status_code, refused.json()["code"]) == (409, "series.in_the_way")
    assert [one["state"] for one in refused.json()["params"]["dates"]] == ["free", "overlap", "free"]

    answer = await office.post("/series", body(at, on_conflict="skip"))
    assert answer.status_code == 201, answer.text
    series = answer.json()
    assert answer.headers["location"] == f"/api/v1/series/{series['id']}"
    assert answer.headers["etag"] == '"1"'
    assert len(series["bookings"]) == 2
    assert [one["code"] for one in series["skipped"]] == ["booking.overlap"]
    assert (await office.get("/series")).json()["items"] == [series]

    path, second = f"/series/{series['id']}", series["bookings"][1]
    change = {"title": "Zespół"}
    outlook = (await office.post(f"{path}/preview?scope=following&occurrence={second['occurrence']}", change)).json()
    assert outlook["splits"]
    assert [one["act"] for one in outlook["changes"]] == ["changes"]
    rest = (await office.call("PATCH", f"{path}?scope=following&occurrence={second['occurrence']}", json=change)).json()
    assert (rest["former"], rest["title"], len(rest["bookings"])) == (series["id"], "Zespół", 1)

    stale = await office.call("DELETE", path, headers={"if-match": '"1"'})
    assert stale.status_code in (409, 412)
    cancelled = await office.call("DELETE", path)
    assert cancelled.status_code == 200, cancelled.text
    assert [one["status"] for one in cancelled.json()["bookings"]] == ["cancelled"]
    assert (await office.call("DELETE", path)).json()["code"] == "series.over"


async def test_a_date_that_went_to_a_hidden_room_is_not_told_to_colleagues(office: Office) -> None:
    series = (await office.post("/series", body(first()))).json()
    path, second = f"/series/{series['id']}", series["bookings"][1]
    away = {"room": "H-1", "title": "", "kind": "consultation"}
    moved = await office.call("PATCH", f"/bookings/{second['id']}", "coordinator", json=away)
    assert moved.status_code == 200, moved.text
    rooms = {who: [one["room"] for one in (await office.get(path, who)).json()["bookings"]] for who in ("alice", "bob")}
    assert rooms == {"alice": ["M-1", "H-1", "M-1"], "bob": ["M-1", "M-1"]}


async def test_the_end_of_a_date_that_was_moved_is_counted_from_where_it_is(office: Office) -> None:
    series = (await office.post("/series", body(first()))).json()
    second = series["bookings"][1]
    start = datetime.fromisoformat(second["starts_at"]) + timedelta(hours=3)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
    assert (await office.call("PATCH", f"/bookings/{second['id']}", json=times)).status_code == 200
    change, end = f"/series/{series['id']}?scope=this&occurrence={second['occurrence']}", start + timedelta(hours=2)
    changed = (await office.call("PATCH", change, json={"ends_at": end.isoformat()})).json()["bookings"][1]
    assert [datetime.fromisoformat(changed[name]) for name in ("starts_at", "ends_at")] == [start, end]


async def test_a_change_of_one_date_is_one_of_its_series(office: Office) -> None:
    series = (await office.post("/series", body(first()))).json()
    path = f"/series/{series['id']}?scope=this&occurrence={series['bookings'][1]['occurrence']}"
    answers = [
        await office.call("PATCH", path, json={"title": title}, headers={"if-match": '"1"'}) for title in ("A", "B")
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert answers[0].headers["etag"] == '"2"'


async def test_all_dates_move_alike(office: Office) -> None:
    at = first()
    series = (await office.post("/series", body(at, attendees=4))).json()
    later = (at + timedelta(hours=2)).isoformat()
    end = (at + timedelta(hours=2.5)).isoformat()
    change = {"starts_at": later, "ends_at": end, "attendees": None, "needs": ["projector"]}
    changed = (await office.call("PATCH", f"/series/{series['id']}?scope=all", json=change)).json()
    assert changed["id"] == series["id"]
    assert (changed["minutes"], changed["attendees"], changed["needs"]) == (30, None, ["projector"])
    starts = [datetime.fromisoformat(one["starts_at"]).astimezone(UTC) for one in changed["bookings"]]
    assert {start.astimezone(WARSAW).time() for start in starts} == {
        (at + timedelta(hours=2)).astimezone(WARSAW).time()
    }


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"on_conflict": "wait"}, 422, "series.no_wait"),
        ({"on_conflict": "hope"}, 422, "request.bad_field"),
        ({"rrule": "FREQ=SECONDLY"}, 422, "series.too_often"),
        ({"rrule": "FREQ=DAILY;COUNT=1000000000"}, 422, "series.too_many"),
        ({"rrule": "FREQ=DAILY;UNTIL=99991231T000000Z"}, 422, "series.too_long"),
        ({"rrule": "FREQ=DAILY;INTERVAL=2147483648;COUNT=2"}, 422, "series.too_long"),
        ({"rrule": "FREQ=WEEKLY"}, 422, "series.endless"),
        ({"rrule": "x" * 501}, 422, "request.bad_field"),
        ({"rrule": "\x00"}, 422, "request.bad_field"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2;COUNT=2"}, 422, "series.no_date"),
        ({"exdates": ["<script>"]}, 422, "series.bad_date"),
        ({"rdates": ["2027-01-01"] * 401}, 422, "request.bad_field"),
        ({"ends_at": "2199-12-31T10:00:30+01:00"}, 422, "request.bad_field"),
        ({"ends_at": "2199-12-31T10:00:00+01:00"}, 422, "series.too_long"),
        ({"room": "nowhere"}, 404, "room.unknown"),
    ],
)
async def test_bad_input_gets_a_clear_reason(office: Office, more: dict[str, Any], status: int, code: str) -> None:
    for path in ("/series", "/series/preview"):
        refused = await office.post(path, body(first(), **more))
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text


async def test_a_series_that_is_not_theirs_to_see(office: Office) -> None:
    series = (await office.post("/series", body(first()))).json()
    path = f"/series/{series['id']}"
    assert (await office.get(path, "bob")).status_code == 200
    assert (await office.get(path, "charlie")).status_code == 404
    assert (await office.get(f"/history?object=series:{series['id']}", "coordinator")).json()["total"] == 1
    assert (await office.get("/series/nothing")).json()["code"] == "series.unknown"
    refused = await office.call("DELETE", f"{path}?scope=this", who="alice")
    assert refused.json()["code"] == "series.bad_date"
    assert (await office.call("DELETE", path, who="bob")).json()["code"] == "booking.not_yours"


async def test_a_change_says_what_becomes_of_each_date(office: Office) -> None:
    at = first()
    await make_booking(at + timedelta(days=3), room=office.rooms["M-1"], organizer=office.people["charlie"])
    series = (await office.post("/series", body(at))).json()

    async def acts(**change: Any) -> list[str]:
        answer = await office.post(f"/series/{series['id']}/preview?scope=all", change)
        assert answer.status_code == 200, answer.text
        return [one["act"] for one in answer.json()["changes"]]

    assert await acts(rrule="FREQ=DAILY;INTERVAL=2;COUNT=2") == ["stays", "stays", "cancelled"]
    assert await acts(rrule="FREQ=DAILY;COUNT=5") == ["stays", "stays", "stays", "skipped", "new"]
    assert await acts(title="Zespół") == ["changes"] * 3
    refused = await office.post(f"/series/{series['id']}/preview", {"title": "x" * 201})
    assert refused.json()["code"] == "booking.title_too_long"
    refused = await office.post(f"/series/{series['id']}/preview", {"starts_at": at.isoformat(), "attendees": 900})
    assert refused.json()["code"] == "booking.over_capacity"
