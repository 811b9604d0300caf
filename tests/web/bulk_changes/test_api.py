"""Changing many pieces as a program does: look, then carry out, then read what became of each."""

from datetime import date

import pytest

from registry.assets.models import Asset
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.history import SYSTEM
from registry.grants.models import Grant
from tests.make import NOW, make_asset
from tests.web.conftest import Office
from web.bulk_changes import api

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call waits for its end, however loaded the machine is."""
    monkeypatch.setattr(api, "PATIENCE", None)


CHANGE = {"act": "correct", "filter": {"q": "krzeslo"}, "values": {"category": "meble"}}


async def test_a_filter_is_looked_at_and_carried_out(office: Office) -> None:
    for _ in range(2):
        await make_asset(search_text="krzeslo")
    answer = await office.post("/bulk-changes", CHANGE, "facilities")
    assert answer.status_code == 201, answer.text
    preview = answer.json()
    assert (preview["status"], preview["field"], preview["counts"]["waiting"]) == ("checked", "category", 3)
    here = f"/bulk-changes/{preview['id']}"
    assert answer.headers["location"].endswith(here)
    pieces = (await office.get(f"{here}/pieces?fate=waiting&limit=2", "facilities")).json()
    assert (pieces["total"], len(pieces["items"])) == (3, 2)
    assert pieces["items"][0]["before"] == {"category": ""}
    assert pieces["items"][0]["after"] == {"category": "meble"}
    stale = await office.post(f"{here}/commit", who="facilities", headers={"if-match": '"9"'})
    assert stale.status_code == 412
    answer = await office.post(f"{here}/commit", who="facilities", headers={"if-match": answer.headers["etag"]})
    assert (answer.json()["status"], answer.json()["counts"]["changed"]) == ("written", 3)
    assert (await office.get(here, "facilities")).json() == answer.json()
    assert await Asset.filter(category="meble").count() == 3


async def test_named_pieces_are_refused_one_by_one(office: Office) -> None:
    one, two = await make_asset(), await make_asset(condition="in_repair")
    body = {"act": "move", "ids": [one.id, two.id, 4711], "revisions": {str(two.id): 7}, "room": "M-2"}
    number = (await office.post("/bulk-changes", body, "facilities")).json()["id"]
    await office.post(f"/bulk-changes/{number}/commit", who="facilities")
    pieces = (await office.get(f"/bulk-changes/{number}/pieces", "facilities")).json()["items"]
    assert [(piece["fate"], (piece["refusal"] or {}).get("code")) for piece in pieces] == [
        ("changed", None), ("refused", "request.stale"), ("refused", "asset.unknown"),
    ]  # fmt: skip
    assert "changed this meanwhile" in pieces[1]["refusal"]["detail"]


async def test_funding_by_grant_and_the_day_it_came(office: Office) -> None:
    await Grant.create(code="G/1", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    body = CHANGE | {"values": {"funding": {"G/1": 75}}, "reason": "umowa"}
    number = (await office.post("/bulk-changes", body, "accountant")).json()["id"]
    (piece,) = (await office.get(f"/bulk-changes/{number}/pieces", "accountant")).json()["items"]
    assert piece["after"] == {"shares": [{"grant": "G/1", "amount": "337.50"}, {"grant": None, "amount": "112.50"}]}
    body = CHANGE | {"values": {"acquired_on": "2024-05-06"}, "reason": "faktura"}
    answer = await office.post("/bulk-changes", body, "accountant")
    assert answer.json()["field"] == "accepted_on"


@pytest.mark.parametrize(
    ("who", "change", "status", "code"),
    [
        ("alice", {}, 403, "auth.role"),
        ("accountant", {}, 403, "auth.role"),
        ("facilities", {"values": None}, 422, "request.missing_field"),
        ("facilities", {"values": {}}, 422, "request.bad_field"),
        ("facilities", {"values": {"category": "x", "note": "y"}}, 422, "request.bad_field"),
        ("facilities", {"ids": [1]}, 422, "request.bad_field"),
        ("facilities", {"filter": None}, 422, "request.bad_field"),
        ("facilities", {"act": "fly"}, 404, "asset.no_transition"),
        ("facilities", {"act": "assign"}, 422, "request.missing_field"),
        ("facilities", {"values": {"price": 1}}, 422, "asset.reason_needed"),
        ("facilities", {"filter": {"q": "nic takiego"}}, 422, "bulk.empty"),
        ("facilities", {"values": {"funding": {"G/9": 75}}, "reason": "x"}, 404, "grant.unknown"),
        ("accountant", {"act": "number", "unit": "KPUW"}, 403, "auth.role"),
        ("facilities", {"act": "number"}, 422, "request.missing_field"),
        ("facilities", {"act": "number", "unit": "KPUW"}, 409, "numbering.no_scheme"),
    ],
)
async def test_what_cannot_be_done_says_why(
    office: Office, who: str, change: dict[str, object], status: int, code: str
) -> None:
    answer = await office.post("/bulk-changes", CHANGE | change, who)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_pieces_without_a_number_get_the_next_ones(office: Office) -> None:
    await add_scheme(NewScheme("KPUW", "{unit}/{seq}", date(2022, 1, 1)), SYSTEM, NOW)
    one, two = [await make_asset(inventory_no=None) for _ in range(2)]
    other = await make_asset(inventory_no="X/1")
    body = {"act": "number", "unit": "KPUW", "ids": [two.id, other.id, one.id], "revisions": {str(one.id): 1}}
    preview = (await office.post("/bulk-changes", body, "facilities")).json()
    assert (preview["unit"], preview["first_number"], preview["field"]) == ("KPUW", "KPUW/1", None)
    assert (preview["counts"]["waiting"], preview["counts"]["same"]) == (2, 1)
    here = f"/bulk-changes/{preview['id']}"
    after = (await office.post(f"{here}/commit", who="facilities")).json()
    assert (after["counts"]["changed"], after["first_number"]) == (2, "KPUW/1")
    pieces = (await office.get(f"{here}/pieces?fate=changed", "facilities")).json()["items"]
    assert [(piece["asset"], piece["inventory_no"], piece["after"]) for piece in pieces] == [
        (two.id, "KPUW/1", {"inventory_no": "KPUW/1"}), (one.id, "KPUW/2", {"inventory_no": "KPUW/2"}),
    ]  # fmt: skip


async def test_it_is_its_owners(office: Office) -> None:
    number = (await office.post("/bulk-changes", CHANGE, "facilities")).json()["id"]
    assert (await office.get(f"/bulk-changes/{number}", "admin")).status_code == 404
    assert (await office.post(f"/bulk-changes/{number}/commit", who="admin")).status_code == 404
