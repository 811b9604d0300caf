"""A person brings a list: it is checked, its refused rows are corrected on the page, then it is written."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from registry.assets.actions import correct
from registry.assets.models import Asset
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.history import SYSTEM, Actor
from registry.importing import sessions
from registry.importing.models import ImportState, PendingImport
from tests.make import NOW, make_asset, make_room
from tests.statements import Statements
from tests.web.desk import AGAIN, Desk
from web.app import SiteOptions, create_site
from web.auth.session import FORM_FIELD, SESSION, form_token
from web.importing.pages import PAGE

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
LIST = """nr inw;nazwa;cena;data zakupu;uwagi
A/1;Stół;12,50;2022-01-05;
A/2;Krzesło;dużo;2022-99-05;<b>stare</b>
;Lampa;1;2022-01-05;
"""


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def upload(desk: Desk, content: bytes, name: str = "lista.csv", who: str = "facilities", **fields: str) -> Any:
    token = form_token(desk.app.state.options, desk.secrets[who])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(desk.app), base_url="http://test", cookies={SESSION: desk.secrets[who]}
    ) as client:
        data = {FORM_FIELD: token} | fields
        answer = await client.post("/assets/import", data=data, files={"file": (name, content)})
        is_led_back = AGAIN.search(answer.headers.get("location", ""))
        return await client.get(answer.headers["location"]) if is_led_back else answer


async def sent(desk: Desk, text: str = LIST) -> str:
    answer = await upload(desk, text.encode("cp1250"))
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["location"]).removesuffix("/columns")


@pytest.mark.parametrize("who", ["member", "accountant", "auditor", "coordinator"])
async def test_lists_are_for_who_keeps_the_register(desk: Desk, who: str) -> None:
    assert (await desk.get("/assets/import", who)).status_code == 403
    assert (await upload(desk, LIST.encode(), who=who)).status_code == 403
    assert 'href="/assets/import"' not in (await desk.get("/assets", who)).text
    assert 'href="/assets/import"' in (await desk.get("/assets", "facilities")).text


async def test_what_was_read_is_shown_before_anything_is_written(desk: Desk) -> None:
    home = await sent(desk)
    page = await desk.read(home, "facilities")
    assert "Nothing is written yet" in page
    assert "Rows 3 Accepted rows 2 1 to look at Refused rows 1" in page
    assert "data zakupu : 2022-99-05 – This day is not in the calendar." in page
    assert "Krzesło" in page
    assert "Stół" not in page, "the refused rows come first, alone"
    assert "Stół" in await desk.read(f"{home}?show=", "facilities")
    looked = await desk.read(f"{home}?show=warning", "facilities")
    assert "Lampa" in looked
    assert "without a number" in looked
    assert await Asset.all().count() == 0
    assert (await desk.get(home, "admin")).status_code == 404, "a sent list is its sender's"
    assert "lista.csv" in await desk.read("/assets/import", "facilities")
    assert "lista.csv" not in await desk.read("/assets/import", "admin")


async def test_a_refused_row_is_corrected_and_the_list_written(desk: Desk) -> None:
    home = await sent(desk)
    page = (await desk.get(home, "facilities")).text
    assert 'name="cell:value" type="text" value="dużo"' in page, "what was given stands in the field"
    assert 'name="cell:name"' not in page, "only what is wrong is asked for"
    first = {"cell:value": "13,00", "cell:acquired_on": "2022-02-30", "show": "error", "offset": "0"}
    still = await desk.post(f"{home}/rows/3", "facilities", **first)
    assert (still.status_code, still.headers["location"]) == (303, f"{home}?show=error&offset=0#line-3")
    page = (await desk.get(home, "facilities")).text
    assert 'name="cell:acquired_on" type="text" value="2022-02-30"' in page
    assert 'name="cell:value"' not in page
    good = await desk.post(f"{home}/rows/3", "facilities", **first | {"cell:acquired_on": "5.2.2022"})
    assert good.headers["location"] == f"{home}?done=corrected#rows", "no row is refused any more"
    assert "Refused rows 0" in await desk.read(home, "facilities")
    answer = await desk.post(f"{home}/commit", "facilities")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home}?done=written")
    page = await desk.read(home, "facilities")
    assert "3 records were written." in page
    assert "Write" not in page
    assert "Check again" not in page
    chair = await Asset.get(name="Krzesło")
    assert (str(chair.price), str(chair.accepted_on), chair.note) == ("13.00", "2022-02-05", "<b>stare</b>")


@pytest.mark.parametrize("text", ["nr inw;nazwa;cena\nA/1;;12,50\n", "lp;nazwa;ilość;cena jedn\n1;;2;10,00\n"])
async def test_a_row_without_a_name_is_shown_as_such(desk: Desk, text: str) -> None:
    assert "without a name" in await desk.read(f"{await sent(desk, text)}?show=", "facilities")


async def test_after_a_correction_the_rest_is_shown(desk: Desk) -> None:
    home = await sent(desk, f"{LIST}A/4;Biurko;dużo;2022-01-05;\n")
    good = await desk.post(f"{home}/rows/5", "facilities", **{"cell:value": "1", "show": "error", "offset": "0"})
    assert good.headers["location"] == f"{home}?show=error&offset=0&done=corrected#rows"
    odd = await desk.post(f"{home}/rows/2", "facilities", **{"cell:name": "Stół", "show": "//x", "offset": "-1"})
    assert odd.headers["location"] == f"{home}?show=&offset=0&done=corrected#rows"


async def test_what_cannot_be_corrected_is_said_beside_what_was_typed(desk: Desk) -> None:
    home = await sent(desk)
    refused = await desk.post(f"{home}/rows/3", "facilities", **{"cell:value": "x" * 2001, "cell:acquired_on": "dziś"})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert 'value="dziś"' in refused.text
    assert (await desk.post(f"{home}/rows/99", "facilities", **{"cell:name": "x"})).status_code == 404
    number = home.rpartition("/")[2]
    assert (await PendingImport.get(id=number)).revision == 1


@pytest.mark.parametrize("line", ["9" * 5000, "003", "٣", "x"])
async def test_a_line_that_the_list_does_not_have_is_unknown(desk: Desk, line: str) -> None:
    home = await sent(desk)
    assert (await desk.post(f"{home}/rows/{line}", "facilities", **{"cell:value": "1"})).status_code == 404
    assert (await desk.post(f"{home}/columns", "facilities", header_row="9" * 5000)).status_code == 303


async def test_a_line_of_one_of_several_sheets_can_be_corrected_and_left_out(desk: Desk) -> None:
    book = BytesIO()
    writer = Workbook(book)
    for name in ("Spis #1", "Spis #2"):
        sheet = writer.add_worksheet(name)
        for number, row in enumerate((("nr inw", "nazwa", "cena"), (f"{name[-1]}/1", "Stół", "dużo"))):
            sheet.write_row(number, 0, row)
    writer.close()
    home = str((await upload(desk, book.getvalue(), "spis.xlsx")).headers["location"])
    if "Spis #2" in await desk.read(home, "facilities"):
        await desk.post(home, "facilities", sheets=["Spis #1", "Spis #2"])
    home = home.removesuffix("/columns")
    page = (await desk.get(home, "facilities")).text
    actions = re.findall(rf'action="({home}/rows/[^"]+/stay-out)"', page)
    assert len(actions) == 2, actions
    assert all("#" not in action for action in actions)
    await desk.post(actions[0], "facilities", show="", offset="0")
    assert "Take line" in await desk.read(f"{home}?show=", "facilities")


async def test_what_was_answered_stays_when_it_is_refused(desk: Desk) -> None:
    await make_room(code="R-7")
    home = await sent(desk, ODD.replace("gdzie", "pokój"))
    words = {"column": "pokój", "word": "sala konf.", "value": "x" * 2001}
    refused = await desk.post(f"{home}/words", "facilities", **words)
    assert refused.status_code == 422
    assert "x" * 2001 in refused.text
    odd = await desk.post(f"{home}/columns", "facilities", header_row="3", **{"column:cena": "note"})
    assert odd.status_code == 422
    assert '<option value="note" selected>' in odd.text
    assert '<option value="3" selected>' in odd.text


async def test_control_characters_never_reach_the_database(desk: Desk) -> None:
    home = await sent(desk)
    assert (await desk.post(f"{home}/rows/3", "facilities", **{"cell:value": "1\x003,00"})).status_code == 303
    number = home.rpartition("/")[2]
    assert (await PendingImport.get(id=number)).corrections == {"3": {"value": "13,00"}}


@pytest.mark.parametrize(
    ("content", "name", "kind", "words"),
    [
        (b"", "a.csv", "", "it is empty"),
        (b"PK\x03\x04 no spreadsheet", "a.xlsx", "", "no spreadsheet"),
        (b"ala;ma;kota\n1;2;3", "a.csv", "", "names the columns"),
        (LIST.encode(), "a.csv", "people", "another kind"),
        (LIST.encode(), "a.csv", "boats", "cannot be imported"),
        (LIST.encode(), "", "", "is missing"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_on_the_page(
    desk: Desk, content: bytes, name: str, kind: str, words: str
) -> None:
    refused = await upload(desk, content, name, kind=kind)
    assert refused.status_code == 422, refused.text
    assert words in refused.text
    assert 'role="alert"' in refused.text
    assert await PendingImport.all().count() == 0


async def test_many_refused_rows_come_page_by_page(desk: Desk) -> None:
    rows = "".join(f"A/{row};Lampa {row};1;2022-99-05;\n" for row in range(PAGE + 5))
    home = await sent(desk, f"{LIST.splitlines()[0]}\n{rows}")
    first, second = await desk.read(home, "facilities"), await desk.read(f"{home}?offset={PAGE}", "facilities")
    assert f"1–{PAGE} of {PAGE + 5}" in first
    assert f"{PAGE + 1}–{PAGE + 5} of {PAGE + 5}" in second
    assert "Lampa 29" in second
    assert "Lampa 29" not in first
    assert "Write" not in first, "nothing is accepted"


async def test_while_another_process_writes_the_page_says_so(desk: Desk) -> None:
    home = await sent(desk)
    claim = {"state": ImportState.WRITING, "claimed_at": datetime.now(UTC) - timedelta(seconds=30)}
    await PendingImport.filter(id=home.rpartition("/")[2]).update(**claim)
    assert "The list is being written" in await desk.read(home, "facilities")
    refused = await desk.post(f"{home}/commit", "facilities")
    assert refused.status_code == 409
    assert "being written, or was written in part" in refused.text


async def test_a_written_list_is_undone_with_a_reason(desk: Desk) -> None:
    home = await sent(desk)
    assert "Undo the list" not in await desk.read(home, "facilities"), "nothing is written yet"
    assert (await desk.get(f"{home}/undo", "facilities")).headers["location"] == home
    await desk.post(f"{home}/commit", "facilities")
    assert f'href="{home}/undo"' in (await desk.get(home, "facilities")).text
    page = await desk.read(f"{home}/undo", "facilities")
    assert "It can be undone as a whole" in page
    assert "2 new records disappear; their numbers are free again" in page
    answer = await desk.post(f"{home}/undo", "facilities", reason="nie ten plik")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home}?done=undone")
    page = await desk.read(f"{home}?done=undone", "facilities")
    assert "The list was undone." in page
    assert "Undo the list" not in page
    assert "Write 2" not in page
    assert await Asset.all().count() == 0


async def test_what_was_touched_is_named_with_who_and_what(desk: Desk) -> None:
    home = await sent(desk)
    await desk.post(f"{home}/commit", "facilities")
    stool = await Asset.get(name="Stół")
    actor = Actor(name="recepcja", source="web")
    await correct(stool.id, {"note": "ładny"}, actor, datetime.now(UTC))
    refused = await desk.post(f"{home}/undo", "facilities", reason="nie ten plik")
    assert refused.status_code == 409
    assert 'value="nie ten plik"' in refused.text
    page = await desk.read(f"{home}/undo", "facilities")
    assert "1 record was changed or used since:" in page
    assert "recepcja: Description corrected" in page
    await desk.post(f"{home}/undo", "facilities", reason="nie ten plik", rest="yes")
    assert "1 record stayed" in await desk.read(home, "facilities")
    assert set(await Asset.all().values_list("name", flat=True)) == {"Stół"}


async def test_a_view_of_a_written_list_looks_at_none_of_its_records(desk: Desk, statements: Statements) -> None:
    home = await sent(desk, f"{LIST}{''.join(f'B/{number};Lampa;1;2022-01-05;{chr(10)}' for number in range(40))}")
    await desk.post(f"{home}/commit", "facilities")
    before = len(statements)
    await desk.read(home, "facilities")
    assert not [one.text for one in statements[before:] if '"history"' in one.text or one.rows > 30]


async def test_the_progress_is_a_part_of_the_page_that_is_asked_for_again(desk: Desk) -> None:
    home = await sent(desk)
    claim = {"state": ImportState.WRITING, "claimed_at": datetime.now(UTC), "accepted": 1200, "finished": 300}
    await PendingImport.filter(id=home.rpartition("/")[2]).update(**claim)
    assert 'hx-trigger="every 1s"' in (await desk.get(home, "facilities")).text
    assert "300 of 1,200" in (await desk.get(f"{home}/progress", "facilities")).text
    await PendingImport.filter(id=home.rpartition("/")[2]).update(state=ImportState.WRITTEN)
    assert (await desk.get(f"{home}/progress", "facilities")).headers["hx-redirect"] == home


ODD = "nr inw;nazwa;cena;gdzie\nA/1;Stół;12,50;sala konf.\nA/2;Krzesło;13,00;sala konf.\n;Razem;25,50;\n"


async def test_what_was_understood_comes_first_with_what_is_not_read(desk: Desk) -> None:
    await make_room(code="R-7")
    answer = await upload(desk, ODD.encode())
    home = str(answer.headers["location"])
    assert home.endswith("/columns")
    page = await desk.read(home, "facilities")
    assert "2 rows were read" in page
    assert "3 of 4 columns" in page
    assert "That is what the list says itself." in page
    assert page.index("1 column is not read") < page.index("3 columns are read")
    answer = await desk.post(home, "facilities", **{"column:gdzie": "room", "column:nazwa": "name"})
    assert (answer.status_code, answer.headers["location"]) == (303, home.removesuffix("/columns"))
    page = await desk.read(home.removesuffix("/columns"), "facilities")
    assert "One answer for many rows" in page
    assert "sala konf." in page
    assert "1 column is not read" not in await desk.read(home, "facilities")
    await desk.post(home, "facilities", **{"column:gdzie": ""})
    assert "1 column is not read" in await desk.read(home, "facilities")
    odd = await desk.post(home, "facilities", header_row="3", encoding="cp852")
    assert odd.status_code == 422


async def test_one_answer_is_given_for_many_rows_on_the_page(desk: Desk) -> None:
    await make_room(code="R-7")
    home = await sent(desk, ODD.replace("gdzie", "pokój"))
    page = await desk.read(home, "facilities")
    assert "2 rows" in page
    words = {"column": "pokój", "word": "sala konf."}
    await desk.post(f"{home}/words", "facilities", **words, value="R-7")
    assert "Accepted rows 2" in await desk.read(home, "facilities")
    assert (await desk.post(f"{home}/words", "facilities", **words, value="R-7")).status_code == 404


async def test_a_row_is_left_out_and_taken_in_again(desk: Desk) -> None:
    home = await sent(desk)
    left = await desk.post(f"{home}/rows/2/stay-out", "facilities", show="", offset="0")
    assert left.headers["location"] == f"{home}?show=&offset=0#rows"
    assert "Accepted rows 1" in await desk.read(home, "facilities")
    assert "Take line 2 in again" in await desk.read(f"{home}?show=", "facilities")
    await desk.post(f"{home}/rows/2/stay-out", "facilities", show="", offset="0", take="yes")
    assert "Accepted rows 2" in await desk.read(home, "facilities")
    await desk.post(f"{home}/commit", "facilities")
    assert (await desk.post(f"{home}/rows/2/stay-out", "facilities")).status_code == 409


async def test_exactly_the_written_pieces_are_one_link_away(desk: Desk) -> None:
    home = await sent(desk)
    await desk.post(f"{home}/commit", "facilities")
    number = home.rpartition("/")[2]
    assert f'href="/assets?imported={number}"' in (await desk.get(home, "facilities")).text
    other = await sent(desk, LIST.replace("A/", "B/").replace("Stół", "Szafa"))
    await desk.post(f"{other}/commit", "facilities")
    page = await desk.read(f"/assets?imported={number}", "facilities")
    assert "Stół" in page
    assert "Szafa" not in page


async def test_refused_rows_leave_as_a_file_with_what_to_correct(desk: Desk) -> None:
    home = await sent(desk)
    await desk.post(f"{home}/commit", "facilities")
    assert f'href="{home}/refused.xlsx"' in (await desk.get(home, "facilities")).text
    answer = await desk.get(f"{home}/refused.xlsx", "facilities")
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["nr inw", "nazwa", "cena", "data zakupu", "uwagi", "What to correct"]
    assert rows[1][:3] == ["A/2", "Krzesło", "dużo"]
    assert rows[1][5].startswith("data zakupu: This day is not in the calendar.")
    assert len(rows) == 2
    clean = await sent(desk, "nr inw;nazwa;cena\nC/1;Stół;1\n")
    await desk.post(f"{clean}/commit", "facilities")
    assert (await desk.get(f"{clean}/refused.xlsx", "facilities")).status_code == 404


@pytest.mark.parametrize("kind", ["assets", "rooms", "people"])
async def test_a_blank_list_that_is_filled_in_is_read(desk: Desk, kind: str) -> None:
    room = await make_room(code="R-7")
    assert f'href="/assets/import/blank/{kind}.xlsx"' in (await desk.get("/assets/import", "facilities")).text
    blank = (await desk.get(f"/assets/import/blank/{kind}.xlsx", "facilities")).content
    assert (await upload(desk, blank, f"{kind}.xlsx", kind=kind)).status_code == 303
    report = sessions.record(await PendingImport.all().get())
    assert [row["status"] for row in report["rows"]] == ["ok"], report["rows"]
    assert room.code == "R-7"
    assert (await desk.get("/assets/import/blank/boats.xlsx", "facilities")).status_code == 404


async def test_columns_of_which_too_few_are_understood_can_be_chosen(desk: Desk) -> None:
    answer = await upload(desk, "Gatunek;Cena;Kolor\nKrzesło;5;czarny\n".encode())
    home = str(answer.headers["location"])
    page = await desk.read(home, "facilities")
    assert "Line 1 may name the columns" in page
    await desk.post(home, "facilities", **{"column:Gatunek": "name", "column:Kolor": "detail"})
    assert "Krzesło" in await desk.read(home.removesuffix("/columns"), "facilities")


async def test_pieces_without_a_number_get_the_next_ones_if_it_is_chosen(desk: Desk) -> None:
    home = await sent(desk, "nr inw;nazwa;cena;data zakupu\n;Lampa;1;2022-01-05\n;Stół;1;2022-01-05\n")
    assert "new pieces without a number" not in (await desk.get(home, "facilities")).text, "nothing numbers here"
    await add_scheme(NewScheme("KPUW", "{unit}/{seq:3}", date(2022, 1, 1)), SYSTEM, NOW)
    assert "2 new pieces without a number" in (await desk.get(home, "facilities")).text
    answer = await desk.post(f"{home}/numbering", "facilities", unit="KPUW")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home}#numbering")
    page = (await desk.get(home, "facilities")).text
    assert "2 pieces get numbers, the first KPUW/001." in page
    assert page.count("the next number<") == 2
    again = await desk.post(f"{home}/numbering", "facilities", unit="XX")
    assert "XX" in again.text
    await desk.post(f"{home}/commit", "facilities")
    assert [asset.inventory_no for asset in await Asset.all().order_by("id")] == ["KPUW/001", "KPUW/002"]


async def test_what_cannot_be_numbered_is_said_beside_the_choice(desk: Desk) -> None:
    await add_scheme(NewScheme("KPUW", "{unit}/{seq:3}", date(2022, 1, 1)), SYSTEM, NOW)
    home = await sent(desk, "nr inw;nazwa;cena;data zakupu\n;Lampa;1;2002-01-05\n;Stół;1;2022-01-05\n")
    await desk.post(f"{home}/numbering", "facilities", unit="KPUW")
    page = (await desk.get(home, "facilities")).text
    assert "1 piece gets KPUW/001." in page
    assert "1 stays without one; its row says why." in page
    assert "Nothing numbers pieces of KPUW on this day." in page


async def test_a_change_is_chosen_field_by_field(desk: Desk) -> None:
    await make_asset(inventory_no="A/1", name="Stół", price=Decimal(10), accepted_on=None)
    home = await sent(desk, "nr inw;nazwa;cena\nA/1;Biurko;12,50\n")
    page = (await desk.get(home, "facilities")).text
    assert page.count('name="take" value="name" checked') == 2, "of the row and of the column"
    fields = {"change": ["name", "price"], "take": ["price"]}
    answer = await desk.post(f"{home}/keep", "facilities", line="2", **fields)
    assert answer.headers["location"] == f"{home}?show=&offset=0#line-2"
    page = (await desk.get(f"{home}?show=changed", "facilities")).text
    assert "not taken over" in page
    assert "Biurko" in page
    strange = await desk.post(
        f"{home}/keep", "facilities", line="2", change=["x", "price"], take="name", show="changed"
    )
    assert strange.status_code == 422
    ticks = strange.text.partition('id="line-2"')[2]
    assert 'role="alert"' in ticks, "at the line"
    assert 'name="take" value="name" checked' in ticks
    assert 'name="take" value="price">' in ticks
    assert 'name="show" value="changed"' in ticks
    await desk.post(f"{home}/keep", "facilities", line="2", change=["name", "price"], take=["name", "price"])
    answer = await desk.post(f"{home}/keep", "facilities", **fields)
    assert answer.headers["location"].endswith("#changes")
    assert 'value="name" disabled' in (await desk.get(home, "facilities")).text
    await desk.post(f"{home}/commit", "facilities")
    piece = await Asset.get(inventory_no="A/1")
    assert (piece.name, piece.price) == ("Stół", Decimal("12.50"))
    late = await desk.post(f"{home}/keep", "facilities", **fields)
    assert "already" in late.text
