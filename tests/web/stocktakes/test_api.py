"""Stocktakes for programs."""

from typing import Any

import pytest

from registry.people.models import Role
from tests.make import make_asset, make_person
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
ORDER: dict[str, Any] = {"areas": ["M-1", {"room": "M-2"}], "committee": ["bob", "charlie"], "as_of": "2026-11-30"}
# words of an answer that say something of what the books expect
TELLS = {"expected", "kind", "difference", "home"}


async def ordered(office: Office, **changes: Any) -> str:
    answer = await office.post("/stocktakes", ORDER | changes, "facilities")
    assert answer.status_code == 201, answer.text
    return f"/stocktakes/{answer.json()['id']}"


async def test_from_the_order_to_the_drafts(office: Office) -> None:
    room, other = office.rooms["M-1"], office.rooms["M-2"]
    shared = {"price": "500.00", "custodian": office.people["alice"]}
    there, away = await make_asset(room=room, **shared), await make_asset(room=other, **shared)
    path = await ordered(office)
    scan = {"room": "M-1", "code": there.inventory_no, "condition": "damaged", "note": "pęknięte"}
    answer = await office.post(f"{path}/scans", scan, "bob", headers={"Idempotency-Key": "phone-1"})
    again = await office.post(f"{path}/scans", scan, "bob", headers={"Idempotency-Key": "phone-1"})
    assert (answer.status_code, again.content) == (201, answer.content)
    assert (answer.json()["name"], answer.json()["asset"]) == (there.name, there.id)
    await office.post(f"{path}/scans", {"room": "M-1", "code": away.inventory_no}, "charlie")
    read = await office.get(path, "accountant")
    assert (read.json()["counted"], read.headers["etag"]) == (2, f'"{read.json()["revision"]}"')
    stale = await office.post(f"{path}/close", {}, "bob", headers={"if-match": '"77"'})
    assert stale.status_code == 412
    part = await office.post(f"{path}/close", {"area": "M-2"}, "bob")
    assert [one["number"].split("/")[0] for one in part.json()["sheets"]] == ["ASN"]
    assert (await office.get(f"{path}/differences", "auditor")).json()["code"] == "stocktake.blind"
    assert (await office.post(f"{path}/close", {}, "facilities")).json()["state"] == "closed"
    books = (await office.get(f"{path}/differences", "auditor")).json()
    kinds = {one["key"]: one["kind"] for one in books["differences"]}
    assert sorted(kinds.values()) == ["damaged", "elsewhere", "shortage"], "the chair of the office, and these two"
    assert {one["kind"] for one in (await office.get(f"{path}/scans", "bob")).json()["items"]} == {"here", "elsewhere"}
    half = {"differences": [{"key": next(iter(kinds)), "explanation": "x"}]}
    assert (await office.post(f"{path}/value", half, "accountant")).json()["code"] == "stocktake.not_all_valued"
    whole = {"differences": [{"key": key, "explanation": "x", "value": "450,00"} for key in kinds]}
    assert (await office.post(f"{path}/value", whole, "accountant")).json()["state"] == "valued"
    assert (await office.post(f"{path}/settle", {}, "facilities")).json()["state"] == "settled"
    tasks = {one["act"]: one for one in (await office.get(f"{path}/differences", "bob")).json()["tasks"]}
    assert set(tasks) == {"assess", "move", "retire"}
    done = await office.post(f"{path}/tasks/{tasks['move']['id']}/carry-out", {}, "facilities")
    assert done.json()["document"].startswith("MT/"), done.text
    sheet = (await office.get(path, "bob")).json()["sheets"]
    money = [
        (await office.get(f"{path}/sheets/{sheet[1]['id']}", who)).json()["rows"][0]["unit_price"]
        for who in ("accountant", "bob")
    ]
    assert money == ["500.00", None], "prices are for who counts money"
    papers = [(await office.get(f"{path}/sheets/{sheet[1]['id']}.pdf", "bob")).content for _ in range(2)]
    assert papers[0].startswith(b"%PDF")
    assert papers[0] == papers[1], "the same bytes each time"


def told(answer: Any) -> set[str]:
    """The names in an answer that hold something, wherever in it they stand."""
    if isinstance(answer, list):
        return set().union(*(told(one) for one in answer))
    if not isinstance(answer, dict):
        return set()
    return {name for name, value in answer.items() if value is not None}.union(*(told(one) for one in answer.values()))


def numbers(answer: Any) -> set[int]:
    """The numbers in an answer, but for ids."""
    if isinstance(answer, list):
        return set().union(*(numbers(one) for one in answer))
    if isinstance(answer, dict):
        return set().union(*(numbers(one) for name, one in answer.items() if name not in ("id", "asset")))
    return {answer} if isinstance(answer, int) else set()


@pytest.mark.parametrize("who", ["bob", "facilities", "accountant", "admin"])
async def test_no_answer_of_a_blind_count_says_what_the_books_expect(office: Office, who: str) -> None:
    room = office.rooms["M-1"]
    pieces = [await make_asset(room=room, name=f"Kanarek {number}") for number in range(37)]
    elsewhere = await make_asset(room=office.rooms["P-1"])
    path = await ordered(office)
    answers = []
    for piece in (pieces[0], elsewhere):
        scan = {"room": "M-1", "code": piece.inventory_no}
        answers.append(await office.post(f"{path}/scans", scan, "charlie"))
    answers += [
        await office.get(f"{path}{part}", who) for part in ("", "/scans", "/differences", "/sheets/1", "/scans?limit=1")
    ]
    answers += [await office.get(f"/history?object={path.strip('/').replace('s/', ':')}", who)]
    answers += [await office.post(f"{path}/recount", {"area": "M-1", "reason": "x"}, "charlie")]
    answers += [await office.post(f"{path}/close", {"area": "M-1"}, "charlie"), await office.get(path, who)]
    answers += [await office.get("/stocktakes", who)]
    for answer in answers:
        body = answer.json()
        items = body.get("items", [body]) if isinstance(body, dict) else body
        for one in items:
            named = told(one) & TELLS
            # a stocktake has a kind, and so has an area: what sort it is
            assert not named - {"kind"}, (answer.url, named)
            assert "counts" not in one or one["kind"] is None
        assert 38 not in numbers(body), "how many are expected"
        assert "Kanarek 9" not in answer.text, "what nobody saw"
        assert "P-1" not in answer.text, "where the books have a thing"


async def test_no_answer_of_a_blind_count_says_which_of_two_areas_expects_a_thing(office: Office) -> None:
    keeper = await make_person("omo", role=Role.MEMBER)
    theirs, ict = await make_asset(custodian=keeper), await make_asset(category="ICT")
    strange = await make_asset(category="meble")
    path = await ordered(office, areas=[{"person": "omo"}, {"category": "ICT"}])
    for closed in ("", "1"):
        if closed:
            await office.post(f"{path}/close", {"area": closed}, "bob")
        for piece in (theirs, ict, strange):
            answer = await office.post(f"{path}/scans", {"room": "M-1", "code": piece.inventory_no}, "bob")
            assert (answer.status_code, answer.json()["area"]) == (201, None), (closed, piece.id)
            areas = (await office.get(path, "bob")).json()["areas"]
            assert [(one["counted"], one["last_at"], one["people"]) for one in areas] == [(None, None, [])] * 2
    await office.post(f"{path}/close", {}, "bob")
    assert all(one["area"] for one in (await office.get(f"{path}/scans", "bob")).json()["items"])


async def test_who_may_not(office: Office) -> None:
    for who in ("bob", "accountant", "auditor", "coordinator"):
        assert (await office.post("/stocktakes", ORDER, who)).status_code == 403
    path = await ordered(office)
    assert (await office.get("/stocktakes", "alice")).json()["total"] == 0
    assert (await office.get("/stocktakes", "bob")).json()["total"] == 1
    for url in (path, f"{path}/scans", f"{path}/differences", f"{path}/sheets/1"):
        assert (await office.get(url, "alice")).json()["code"] == "stocktake.unknown"
    assert (await office.post(f"{path}/close", {}, "alice")).json()["code"] == "stocktake.unknown"
    scan = {"room": "M-1", "name": "krzesło"}
    assert (await office.post(f"{path}/scans", scan, "admin")).json()["code"] == "stocktake.not_member"
    assert (await office.post(f"{path}/scans", scan, "accountant")).status_code == 403
    assert (await office.post(f"{path}/value", {"differences": []}, "facilities")).status_code == 403
    assert (await office.get("/stocktakes/99999999999999999999", "admin")).json()["code"] == "stocktake.unknown"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"areas": []}, "stocktake.no_area"),
        ({"areas": [{"room": "M-1", "category": "ICT"}]}, "request.bad_field"),
        ({"areas": [{}]}, "request.bad_field"),
        ({"areas": ["X-9"]}, "room.unknown"),
        ({"areas": [{"person": "nobody"}]}, "person.unknown"),
        ({"committee": ["bob"]}, "stocktake.few_members"),
        ({"committee": ["bob", "auditor"]}, "stocktake.may_not_count"),
        ({"chair": "alice"}, "stocktake.no_chair"),
        ({"as_of": "2016-11-30"}, "stocktake.far_day"),
    ],
)
async def test_what_cannot_be_ordered(office: Office, changes: dict[str, Any], code: str) -> None:
    answer = await office.post("/stocktakes", ORDER | changes, "facilities")
    assert answer.json()["code"] == code, answer.text


@pytest.mark.parametrize("quantity", [0, "1,5", "12 szt", ""])
async def test_a_number_of_pieces_that_is_none_is_refused_at_its_field(office: Office, quantity: object) -> None:
    path = await ordered(office)
    answer = await office.post(f"{path}/scans", {"room": "M-1", "name": "krzesło", "quantity": quantity}, "bob")
    assert (answer.status_code, answer.json()["params"]["field"]) == (422, "quantity"), answer.text
    assert (await office.get(f"{path}/scans", "bob")).json()["total"] == 0


async def test_who_answers_for_the_things_cannot_count_them(office: Office) -> None:
    keeper = await make_person("omo", role=Role.MEMBER)
    await make_asset(room=office.rooms["M-1"], custodian=keeper)
    answer = await office.post("/stocktakes", ORDER | {"committee": ["bob", "omo"]}, "facilities")
    assert (answer.status_code, answer.json()["code"]) == (409, "stocktake.answers_for_things")
    assert answer.json()["params"] == {"person": "Omo", "pieces": 1, "field": "committee"}
    by_category = {"areas": [{"category": "ICT"}, {"person": "omo"}]}
    assert (await office.post("/stocktakes", ORDER | by_category, "facilities")).status_code == 201
