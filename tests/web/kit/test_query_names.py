"""A query name that nobody knows is refused, and named, by calls and pages alike."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import API, Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.answers import cursor_at

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/rooms/M-1/bookings?start=2026-12-08T00:00:00Z&to=2026-12-09T00:00:00Z", "start"),
        ("/availability?date=2026-12-08&rooms=M-1", "rooms"),
        ("/availability?day=2026-12-08", "day"),
        ("/rooms?min_capacity=30", "min_capacity"),
        ("/assets?page=2", "page"),
        ("/assets?utm_source=mail", "utm_source"),
    ],
)
async def test_a_call_refuses_a_name_that_it_does_not_know(office: Office, path: str, name: str) -> None:
    refused = await office.get(path)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["params"]["field"]) == (422, "request.unknown_field", name)


async def test_every_call_refuses_an_unknown_name_and_takes_those_of_its_description(office: Office) -> None:
    paths = (await office.get(f"{API}/openapi.json", None)).json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            address = path.replace("{code}", "M-1").replace("{", "").replace("}", "")
            body: Any = {} if method in ("post", "patch", "put") else None
            refused = await office.call(method.upper(), f"{address}?surely_unknown=1", "admin", json=body)
            assert refused.json()["code"] == "request.unknown_field", (method, path)
            assert "surely_unknown" in refused.json()["detail"]


MISSPELT = ["/calendar?dat=2026-12-08", "/rooms?fre=1", "/assets?categry=x", "/?day=2", "/bookings?p=2"]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.mark.parametrize("address", MISSPELT)
async def test_a_page_refuses_a_name_that_it_does_not_know(desk: Desk, address: str) -> None:
    answer = await desk.get(address, "alice")
    assert answer.status_code == 422
    assert address.partition("?")[2].partition("=")[0] in answer.text


@pytest.mark.parametrize("name", ["utm_source", "utm_campaign", "fbclid", "gclid", "mc_eid"])
async def test_a_page_takes_no_notice_of_trackers(desk: Desk, name: str) -> None:
    assert (await desk.get(f"/calendar?{name}=x", "alice")).status_code == 200


async def test_a_form_that_a_script_sends_along_is_no_mistake(desk: Desk) -> None:
    query = "room=&date=2026-12-08&from=10:00&to=11:00&revision=3&was=x&csrf=y"
    for address in (f"/bookings/answer?{query}&whatever=1", f"/bookings/new?{query}"):
        headers = {"hx-request-type": "partial"} if "answer" in address else {}
        answer = await desk.get(address, "alice", headers=headers)
        assert "There is no field" not in answer.text, address


async def test_a_method_that_is_not_taken_learns_all_that_are(office: Office) -> None:
    for path, methods in (("/bookings/1", "GET, PATCH"), ("/assets/1", "GET, PATCH"), ("/assets", "GET, POST")):
        refused = await office.call("DELETE", path)
        assert (refused.status_code, refused.headers["allow"]) == (405, methods), path


async def test_a_cursor_and_a_day_are_described_as_they_are_taken(office: Office) -> None:
    paths = (await office.get(f"{API}/openapi.json", None)).json()["paths"]
    for path, methods in paths.items():
        for one in methods.get("get", {}).get("parameters", []):
            if one["name"] == "cursor":
                pattern = next(
                    kind["pattern"] for kind in (one["schema"], *one["schema"].get("anyOf", ())) if "pattern" in kind
                )
                for place in (0, 3, 10, 42, 99, 123, 4567, 98765, 10**17):
                    assert re.search(pattern, cursor_at(place)), (path, place)
                for wrong in ("x", "bz", "b3h4", cursor_at(10**18), cursor_at(7)[:-1] + "B"):
                    assert not re.search(pattern, wrong), (path, wrong)
    (date,) = [one for one in paths[f"{API}/availability"]["get"]["parameters"] if one["name"] == "date"]
    pattern = next(kind["pattern"] for kind in date["schema"]["anyOf"] if "pattern" in kind)
    for day in ("1990-01-01", "2026-12-31", "2199-12-31", "2026-02-28"):
        assert re.search(pattern, day)
        assert (await office.get(f"/availability?date={day}")).status_code == 200
    for day in ("1989-12-31", "2200-01-01", "2026-02-30", "2026-04-31", "0001-01-01"):
        assert not re.search(pattern, day)
        assert (await office.get(f"/availability?date={day}")).status_code == 422
