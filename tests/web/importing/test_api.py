"""A list through the API: sent to one process, corrected in another, written by a third."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from registry.assets.models import Asset
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.history import SYSTEM
from registry.importing import assets
from tests.make import NOW, make_asset
from tests.web.conftest import API, Office
from web.app import create_site
from web.importing import api

pytestmark = pytest.mark.anyio
LIST = (
    "nr inw;nazwa;cena;data zakupu\nA/1;Stół;12,50;2022-01-05\nA/2;Krzesło;13,00;2022-99-05\nA/2;Lampa;1;2022-01-05\n"
)


async def a_session(office: Office, text: str = LIST) -> dict[str, Any]:
    answer = await office.post("/imports", who="facilities", files={"file": ("lista.csv", text.encode("cp1250"))})
    assert answer.status_code == 201, answer.text
    report: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{API}/imports/{report['id']}"
    return report


async def patch(office: Office, number: str, line: int, who: str = "facilities", **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    return await office.call("PATCH", f"/imports/{number}", who, json={"line": line, "values": more}, headers=headers)


async def test_a_refused_row_is_corrected_and_answered_with_its_problems(office: Office) -> None:
    number = (await a_session(office))["id"]
    still = await patch(office, number, 3, acquired_on="2022-13-01")
    report = still.json()
    assert (still.status_code, report["line"], report["status"], report["refused"]) == (200, 3, "error", 2)
    assert [(one["code"], one["given"]) for one in report["problems"]] == [("INVALID_DATE", "2022-13-01")]
    assert report["problems"][0]["hint"].startswith("This day is not in the calendar.")
    good = await patch(office, number, 3, acquired_on="2022-12-01", inventory_no="A/3")
    report = good.json()
    assert (report["status"], report["problems"], report["values"]["acquired_on"]) == ("ok", [], "2022-12-01")
    assert (report["accepted"], report["refused"]) == (3, 0), "the row that repeated its number is taken too"
    commit = await office.post(f"/imports/{number}/commit", who="facilities")
    assert (commit.json()["status"], commit.json()["written"]) == ("written", 3)
    assert set(await Asset.filter(name="Krzesło").values_list("inventory_no", flat=True)) == {"A/3"}
    late = await patch(office, number, 3, name="x")
    assert (late.status_code, late.json()["code"]) == (409, "import.written")


async def test_any_process_goes_on_with_a_sent_list(office: Office) -> None:
    report = await a_session(office)
    for _ in range(2):  # each time as after a restart: nothing is left in memory
        office.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_site(office.app.state.options)), base_url="http://test"
        )
        assert (await office.get(f"/imports/{report['id']}", "facilities")).json() == report
    assert (await patch(office, report["id"], 3, acquired_on="5.1.2022")).status_code == 200
    assert (await office.post(f"/imports/{report['id']}/commit", who="facilities")).json()["written"] == 2


async def test_a_sent_list_is_its_sender_s(office: Office) -> None:
    number = (await a_session(office))["id"]
    for answer in (
        await patch(office, number, 3, who="admin", name="x"),
        await office.post(f"/imports/{number}/commit", who="admin"),
        await patch(office, "none", 3, name="x"),
        await patch(office, "n" * 40, 3, name="x"),
        await patch(office, "%20", 3, name="x"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "import.unknown")
    assert (await patch(office, number, 3, who="alice", name="x")).status_code == 403


@pytest.mark.parametrize(
    ("correction", "status", "code"),
    [
        ({"line": 99, "values": {"name": "x"}}, 404, "import.no_row"),
        ({"line": 3, "values": {"colour": "x"}}, 422, "import.no_column"),
        ({"line": 3, "values": {"name": "x" * 2001}}, 422, "request.bad_field"),
        ({"line": 3, "values": {"name": "a\x00b"}}, 422, "request.bad_field"),
        ({"line": 3, "values": {"name": ["x"]}}, 422, "request.bad_field"),
        ({"line": 3, "values": {}}, 422, "request.bad_field"),
        ({"line": 0, "values": {"name": "x"}}, 422, "request.bad_field"),
        ({"values": {"name": "x"}}, 422, "request.missing_field"),
    ],
)
async def test_what_is_no_correction(office: Office, correction: dict[str, Any], status: int, code: str) -> None:
    number = (await a_session(office))["id"]
    refused = await office.call("PATCH", f"/imports/{number}", "facilities", json=correction)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await office.get(f"/imports/{number}", "facilities")).headers["etag"] == '"1"'


async def test_a_correction_of_an_older_version_is_stale(office: Office) -> None:
    number = (await a_session(office))["id"]
    first = await patch(office, number, 3, name="A", headers={"if-match": '"1"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    stale = await patch(office, number, 3, name="B", headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    late = await office.post(f"/imports/{number}/commit", who="facilities", headers={"if-match": '"1"'})
    assert late.status_code == 412


async def test_the_words_are_those_of_the_reader_each_time(office: Office) -> None:
    number = (await a_session(office))["id"]
    for language, word in (("pl", "kalendarzu"), ("en", "calendar")):
        answer = await office.get(f"/imports/{number}", "facilities", headers={"accept-language": language})
        assert word in answer.json()["rows"][1]["problems"][0]["hint"]


async def test_a_written_list_is_undone(office: Office) -> None:
    number = (await a_session(office))["id"]
    early = await office.post(f"/imports/{number}/undo", who="facilities")
    assert (early.status_code, early.json()["code"]) == (409, "import.not_written")
    assert (await office.post(f"/imports/{number}/commit", who="facilities")).json()["written"] == 1
    assert (await office.get("/assets?q=A/1", "facilities")).json()["total"] == 1
    undone = await office.post(f"/imports/{number}/undo", {"reason": "nie ten plik"}, who="facilities")
    assert (undone.status_code, undone.json()["status"], undone.json()["written"]) == (200, "undone", 0)
    assert (await office.get("/assets?q=A/1", "facilities")).json()["total"] == 0
    late = await office.post(f"/imports/{number}/commit", who="facilities")
    assert (late.status_code, late.json()["code"]) == (409, "import.undone")


async def test_what_was_touched_since_is_named_and_the_rest_undone(office: Office) -> None:
    number = (await a_session(office, LIST.replace("99", "11")))["id"]
    await office.post(f"/imports/{number}/commit", who="facilities")
    stool = (await office.get("/assets?q=A/1", "facilities")).json()["items"][0]
    moved = await office.call("PATCH", f"/assets/{stool['id']}", "facilities", json={"note": "ładny"})
    assert moved.status_code == 200, moved.text
    refused = await office.post(f"/imports/{number}/undo", {}, who="facilities")
    assert (refused.status_code, refused.json()["code"]) == (409, "import.touched")
    (piece,) = refused.json()["params"]["touched"]
    assert (piece["object"], piece["name"], piece["what"]) == (f"asset:{stool['id']}", "Stół", "corrected")
    undone = await office.post(f"/imports/{number}/undo", {"rest": True}, who="facilities")
    assert (undone.json()["status"], undone.json()["written"]) == ("undone", 1)
    assert set(await Asset.filter(inventory_no__startswith="A/").values_list("inventory_no", flat=True)) == {"A/1"}


async def test_a_list_that_takes_long_is_answered_at_once_with_its_progress(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await a_session(office))["id"]
    go_on, register = asyncio.Event(), assets.register_many

    async def slow(*arguments: Any) -> list[int]:
        await go_on.wait()
        return await register(*arguments)

    monkeypatch.setattr(api, "PATIENCE", 0)
    monkeypatch.setattr(assets, "register_many", slow)
    answer = (await office.post(f"/imports/{number}/commit", who="facilities")).json()
    assert (answer["status"], answer["written"]) == ("writing", None)
    while not (progress := (await office.get(f"/imports/{number}", "facilities")).json()["progress"])["of"]:
        pass
    assert progress == {"finished": 0, "of": 1}
    go_on.set()
    while (answer := (await office.get(f"/imports/{number}", "facilities")).json())["status"] == "writing":
        pass
    assert (answer["status"], answer["written"], answer["progress"]) == ("written", 1, None)


async def choose(office: Office, number: str, **body: Any) -> dict[str, Any]:
    answer = await office.call("PATCH", f"/imports/{number}", "facilities", json=body)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


ODD = "nr inw;nazwa;cena;gdzie\nA/1;Stół;12,50;sala konf.\nA/2;Krzesło;13,00;sala konf.\n;Razem;25,50;\n"


async def test_what_the_columns_hold_is_said_and_remembered_for_the_next_list(office: Office) -> None:
    report = await a_session(office, ODD)
    columns = {column["title"]: column["field"] for column in report["columns"]}
    assert (columns["gdzie"], report["sums"]["value"], report["sums"]["control_total"]) == (None, "25.50", "25.50")
    assert [one["code"] for one in report["problems"]] == ["COLUMN_NOT_READ"]
    chosen = await choose(office, report["id"], columns={"gdzie": "room"})
    assert [row["values"]["room"] for row in chosen["rows"]] == ["sala konf.", "sala konf."]
    assert chosen["problems"] == []
    again = await a_session(office, ODD.replace("A/", "B/"))
    assert {column["title"]: column["field"] for column in again["columns"]}["gdzie"] == "room"
    unread = await choose(office, again["id"], columns={"gdzie": None})
    assert [one["code"] for one in unread["problems"]] == ["COLUMN_NOT_READ"]


async def test_one_answer_does_for_all_rows_with_the_same_word(office: Office) -> None:
    report = await a_session(office, ODD.replace("gdzie", "pokój"))
    assert (report["accepted"], report["refused"]) == (0, 2)
    word = {"column": "room", "given": "sala konf.", "value": "0.10"}
    room = (await office.get("/rooms", "facilities")).json()["items"][0]["code"]
    solved = await choose(office, report["id"], word=word | {"value": room})
    assert (solved["accepted"], solved["refused"]) == (2, 0)
    body = {"word": word | {"given": "nigdzie"}}
    stranger = await office.call("PATCH", f"/imports/{report['id']}", "facilities", json=body)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "import.no_word")


async def test_rows_are_left_out_and_taken_in_again(office: Office) -> None:
    report = await a_session(office)
    assert (report["accepted"], report["refused"]) == (1, 2)
    shorter = await choose(office, report["id"], leave_out=[3, 4])
    assert (shorter["accepted"], shorter["refused"], shorter["sums"]["value"]) == (1, 0, "12.50")
    assert (await choose(office, report["id"], leave_out=[]))["refused"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "request.bad_field"),
        ({"line": 2, "values": {"name": "x"}, "columns": {"nazwa": None}}, "request.bad_field"),
        ({"line": 2}, "request.missing_field"),
        ({"sheets": ["Arkusz 9"]}, "import.no_sheet"),
        ({"columns": {"nazwa": "colour"}}, "import.no_field"),
        ({"header_row": 4}, "import.no_header"),
        ({"encoding": "ebcdic"}, "request.bad_field"),
    ],
)
async def test_what_cannot_be_chosen(office: Office, body: dict[str, Any], code: str) -> None:
    number = (await a_session(office))["id"]
    refused = await office.call("PATCH", f"/imports/{number}", "facilities", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
    assert (await office.get(f"/imports/{number}", "facilities")).headers["etag"] == '"1"'


async def test_pieces_without_a_number_get_the_next_ones_on_request(office: Office) -> None:
    await add_scheme(NewScheme("KPUW", "{unit}/{seq:3}", date(2022, 1, 1)), SYSTEM, NOW)
    report = await a_session(office, "nr inw;nazwa;cena;data zakupu\n;Stół;12,50;2022-01-05\n;Lampa;1;2022-01-05\n")
    assert report["unnumbered"] == {"count": 2, "unit": None, "numbered": 0, "first": None}
    numbered = await choose(office, report["id"], number_unit="KPUW")
    assert numbered["unnumbered"] == {"count": 2, "unit": "KPUW", "numbered": 2, "first": "KPUW/001"}
    assert [row["number_unit"] for row in numbered["rows"]] == ["KPUW", "KPUW"]
    assert (await choose(office, report["id"], number_unit=None))["unnumbered"]["numbered"] == 0
    stranger = await office.call("PATCH", f"/imports/{report['id']}", "facilities", json={"number_unit": "XX"})
    assert (stranger.status_code, stranger.json()["code"]) == (409, "numbering.no_scheme")


async def test_a_change_is_chosen_field_by_field(office: Office) -> None:
    await make_asset(inventory_no="A/1", name="Stół", price=Decimal(10))
    report = await a_session(office, "nr inw;nazwa;cena\nA/1;Biurko;12,50\n")
    assert set(report["rows"][0]["changes"]) == {"name", "price"}
    answer = await choose(office, report["id"], keep=["name"], keep_rows={"2": ["price"]})
    assert (answer["rows"][0]["fate"], answer["rows"][0]["kept"]) == ("same", ["name", "price"])
    assert (await choose(office, report["id"], keep=None, keep_rows=None))["rows"][0]["fate"] == "changed"
    assert (await choose(office, report["id"], keep=["value"]))["rows"][0]["kept"] == ["price"], "by its column"
    for wish in ({"keep": ["dział"]}, {"keep_rows": {"2": ["dział"]}}):
        answer = await office.call("PATCH", f"/imports/{report['id']}", "facilities", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (422, "import.changes_nothing")
