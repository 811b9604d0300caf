"""Lists as clerks send them, each with one thing that could be lost without a word: what is read, and what is said."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry.assets.tags import RANDOM_BYTES, new_code
from registry.core.errors import Invalid
from registry.importing.cells import numbers_between
from registry.importing.choices import NO_CHOICES, ListChoices
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.report import ImportReport
from tests.registry.importing.test_report import office

TODAY = date(2026, 11, 30)
LISTS = Path(__file__).parents[2] / "data" / "lists"


def report_of(source: str | bytes, name: str = "", choices: ListChoices = NO_CHOICES) -> ImportReport:
    """A file of the folder by its name, or a text."""
    content: Path | bytes = source if isinstance(source, bytes) else LISTS / source
    if isinstance(source, str) and (";" in source or "\n" in source):
        content = source.encode()
    snapshot = office(today=TODAY, people={"omo1": 4}, people_names={"1 osoba testowa": [4], "dwie osoby": [5, 6]})
    return judge(find_list(read(content, name or "lista.csv", choices.encoding), None, choices), snapshot)


def said(report: ImportReport) -> list[tuple[str, str]]:
    return [(problem.code, problem.column or problem.text) for problem in report.notices]


def fields(report: ImportReport) -> dict[str, str | None]:
    return {column["title"]: column["field"] for column in report.as_record()["columns"]}


# of each file: the names that are read, their prices together, what is said of the list
WHOLE: dict[str, tuple[list[str | None], str, list[tuple[str, str]]]] = {
    "column-not-read.csv": (["Serwer", "Laptop"], "16000.00", [("COLUMN_NOT_READ", "Data likwid.")]),
    "header-words-unknown.csv": (["Krzesło"], "100.00", []),
    "merged-header-price-lost.xlsx": (["Krzesło", "Biurko"], "600.00", [("COLUMN_NOT_READ", "Wartość umorzenie")]),
    "room-per-sheet.xlsx": (["Krzesło", "Biurko", "Lampa", "Biurko", "Lampa"], "1200.00", []),
    "same-field-twice.csv": (
        ["Fotel biurowy"], "0.00",
        [("SAME_FIELD_TWICE", "Opis"), ("SAME_FIELD_TWICE", "Lokalizacja"), ("NO_VALUE", "")],
    ),
    "quote-swallows-rows.csv": (["Krzesło", None, "Biurko", "Szafa", 'Monitor "panoramiczny"', "Lampa"], "2250.00", []),
    "one-foreign-byte.csv": (["Krzesło żółte", "Biurko dębowe", "Półka", "Stół"], "680.00", []),
    "thousands-comma.csv": (["Chair", "Desk", "Server"], "14900.50", []),
    "sections-and-column-numbers.csv": (["Krzesło"], "100.00", []),
    "whole-lines-quoted.csv": (["Krzesło"], "100.00", []),
    "html-named.xls": (["Krzesło"], "100.00", []),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_list_is_read_wholly_or_the_reader_is_told(name: str) -> None:
    names, value, problems = WHOLE[name]
    report = report_of(name)
    assert [row.values.get("name") for row in report.rows] == names
    assert report.as_record()["sums"]["value"] == value
    assert said(report) == problems


def test_a_column_that_is_not_read_is_named_with_an_example() -> None:
    report = report_of("column-not-read.csv").as_json()
    assert report["columns"][4] == {
        "title": "Data likwid.", "example": "31.12.2021", "field": None, "letter": "E", "filled": 1,
    }  # fmt: skip
    assert report["problems"][0]["given"] == "31.12.2021"
    assert report["sums"] == {"count": 2, "pieces": 2, "value": "16000.00", "control_total": None}
    assert report["sheets"] == [{"name": "lista.csv", "lines": 3, "hidden": False, "chosen": True}]
    assert [row["line"] for row in report["first_rows"]] == [1, 2, 3]


def test_a_column_without_anything_in_it_is_not_spoken_of() -> None:
    assert said(report_of("Nr inw.;Cena;Nazwa;Data likwid.;\nA1;1;Krzesło;;\n")) == []


def test_a_cell_beside_the_columns_is_named_by_its_letter() -> None:
    report = report_of("Cena;Nazwa\n1;Krzesło;;pilne\n")
    assert said(report) == [("COLUMN_NOT_READ", "[D]")]


def test_the_more_exact_word_wins_and_the_other_is_kept() -> None:
    (row,) = report_of("same-field-twice.csv").rows
    assert (row.values["name"], row.values["room_code"]) == ("Fotel biurowy", "PP-02")
    lines = ["pierwsza", "Opis: czarny, z podłokietnikami", "Lokalizacja: Bydgoszcz", "druga"]
    assert row.values["note"].split("\n") == lines


def test_lines_of_several_sheets_are_told_with_their_sheet() -> None:
    report = report_of("room-per-sheet.xlsx")
    lines = [row["line"] for row in report.as_record()["rows"]]
    assert lines == ["Pokój 0.02!2", "Pokój 0.03!2", "Pokój 0.03!3", "Pokój 0.04!2", "Pokój 0.04!3"]
    assert [row.line for row in report.rows] == sorted({row.line for row in report.rows})


def test_sheets_may_be_chosen() -> None:
    report = report_of("room-per-sheet.xlsx", choices=ListChoices(sheets=("Pokój 0.03",)))
    assert [row.as_record()["line"] for row in report.rows] == [2, 3]
    assert said(report) == [("SHEET_NOT_READ", "Pokój 0.02"), ("SHEET_NOT_READ", "Pokój 0.04")]
    with pytest.raises(Invalid, match="has no sheet Pokój 9"):
        report_of("room-per-sheet.xlsx", choices=ListChoices(sheets=("Pokój 9",)))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"Wartość": None}, {"Nr inw.": "inventory_no", "Nazwa": "name", "Wartość": None}),
        ({"Wartość": "note"}, {"Nr inw.": "inventory_no", "Nazwa": "name", "Wartość": "note"}),
        ({"wartość": "detail"}, {"Nr inw.": "inventory_no", "Nazwa": "name", "Wartość": "detail"}),
        ({"Nr inw.": "name", "Nazwa": "name"}, {"Nr inw.": "name", "Nazwa": "detail", "Wartość": "value"}),
        ({"Brak takiej": "name"}, {"Nr inw.": "inventory_no", "Nazwa": "name", "Wartość": "value"}),
    ],
)
def test_what_a_column_holds_may_be_chosen(columns: dict[str, str | None], expected: dict[str, Any]) -> None:
    assert fields(report_of("Nr inw.;Nazwa;Wartość\nA1;Krzesło;10\n", choices=ListChoices(columns=columns))) == expected


def test_a_field_that_no_list_has_cannot_be_chosen() -> None:
    with pytest.raises(Invalid, match="nothing that is called colour"):
        report_of("Nr inw.;Nazwa\nA1;Krzesło\n", choices=ListChoices(columns={"Nazwa": "colour"}))


def test_the_row_of_titles_and_the_encoding_may_be_chosen() -> None:
    text = "Nr inw.;Nazwa;Wartość;Pokój\nNumer;Rzecz;Wartość;Pokój\nA1;Krzesło;10;PP-02\n"
    assert len(report_of(text).rows) == 2
    report = report_of(text.encode("cp1250"), choices=ListChoices(header_row=2, encoding="windows-1250"))
    assert (report.header.line, report.sheet.encoding) == (2, "windows-1250")
    assert [row.values["name"] for row in report.rows] == ["Krzesło"]
    with pytest.raises(Invalid, match="names the columns"):
        report_of(text, choices=ListChoices(header_row=3))


def test_a_line_left_out_counts_nowhere_and_its_number_is_free() -> None:
    text = "Nr inw.;Nazwa;Wartość\nA1;Krzesło;10\nA1;Biurko;20\n"
    assert [row.status for row in report_of(text).rows] == ["ok", "error"]
    report = report_of(text, choices=ListChoices(leave_out=frozenset({"2"})))
    assert [(row.values["name"], row.left_out, row.status) for row in report.rows] == [
        ("Krzesło", True, "ok"), ("Biurko", False, "ok"),
    ]  # fmt: skip
    assert [row.values["name"] for row in report.accepted_rows] == ["Biurko"]
    sums = report.as_record()["sums"]
    assert (sums["count"], sums["value"]) == (1, "20.00")


def test_choices_are_stored_without_what_nobody_chose() -> None:
    choices = ListChoices(("a",), 3, "utf-8", {"A": None}, frozenset({"b!2", "1"}), frozenset({"7"}))
    assert ListChoices.from_record(choices.as_record()) == choices
    assert NO_CHOICES.as_record() == {}
    assert ListChoices.from_record({"leave_out": [4]}).leave_out == {"4"}


def problems(report: ImportReport) -> list[list[str]]:
    return [[problem.code for problem in row.problems] for row in report.rows]


def test_lines_that_hold_no_thing_are_told_as_skipped() -> None:
    assert report_of("sections-and-column-numbers.csv").skipped == [
        "column numbers",
        "section GRUPA 8 - NARZĘDZIA, PRZYRZĄDY",
    ]
    text = "Lp.;Nr inw.;Nazwa;Wartość\nGrupa 4;;;\n;A1;Krzesło;5\n;;Meble;\n;A2;;\n"
    report = report_of(text)
    assert report.skipped == ["section Grupa 4", "section Meble"]
    assert problems(report) == [[], ["NO_NAME", "NO_VALUE"]], "a number without a name is a row to mend"


def test_titles_in_two_rows_that_come_again_are_no_rows() -> None:
    rows = ["Lp.;Oznaczenie;;Wartość", ";Nr inw.;Nazwa;brutto"]
    report = report_of("\n".join([*rows, "1;A1;Krzesło;5", rows[1], "2;A2;Biurko;6"]))
    assert [row.values["name"] for row in report.rows] == ["Krzesło", "Biurko"]
    assert (report.skipped, report.header.line) == (["title", "repeated header"], 2)


def test_a_purchase_is_never_in_the_future() -> None:
    report = report_of("two-digit-year.csv")
    assert [str(row.values["acquired_on"]) for row in report.rows] == ["1999-03-05", "2022-03-05"]
    text = "Nazwa;Wartość;Data zakupu;Gwarancja do\nStół;1;1.12.26;1.12.28\nStół;1;30.11.26;\nStół;1;1.1.2062;\n"
    report = report_of(text)
    assert [str(row.values["acquired_on"]) for row in report.rows] == ["1926-12-01", "2026-11-30", "2062-01-01"]
    assert str(report.rows[0].values["warranty_until"]) == "2028-12-01"
    assert problems(report) == [[], [], ["DATE_IN_FUTURE"]]


def test_months_in_roman_numbers_and_in_short() -> None:
    report = report_of("roman-month.csv")
    assert {str(row.values["acquired_on"]) for row in report.rows} == {"2022-03-15"}


def test_a_lone_comma_before_three_digits_is_not_guessed() -> None:
    report = report_of('Name,Price\nChair,"1,200"\nDesk,"12,50"\nLamp,"1,200.00"\n')
    assert problems(report) == [["INVALID_VALUE"], [], []], "both kinds of comma are there"
    report = report_of('Name,Price\nChair,"1,200"\n')
    assert problems(report) == [["INVALID_VALUE"]]
    assert "1200,00" in report.rows[0].problems[0].hint(str)
    report = report_of('Name,Price\nChair,"1,200"\nLamp,9.50\n')
    assert [row.values["value"] for row in report.rows] == [Decimal("1200.00"), Decimal("9.50")]


def test_a_grant_is_kept_whatever_the_price_and_a_contradiction_is_told() -> None:
    report = report_of("grant-contradictions.csv")
    assert [row.refs["percents"] for row in report.rows] == [{7: Decimal(75)}, {7: Decimal(75)}, {7: Decimal(0)}]
    assert problems(report) == [["NO_VALUE"], ["FUNDING_CONTRADICTS"], ["FUNDING_CONTRADICTS"]]


@pytest.mark.parametrize(
    ("cell", "code", "expected"),
    [
        ("Pokój infolinii", "PP-02", []),
        ("pp-02", "PP-02", []),
        ("PP-02 Pokój infolinii", "PP-02", []),
        ("Pokój infolinii (0.02)", "PP-02", []),
        ("PP-08 Pokój infolinii", None, ["UNKNOWN_ROOM"]),
        ("pok. nr 0.02", "PP-02", []),
        ("sala", None, ["AMBIGUOUS_ROOM"]),
        ("PP-11 sala", "PP-11", []),
        ("-", None, []),
        ("brak", None, []),
        ("n/d", None, []),
        ("CWH", None, ["UNKNOWN_ROOM"]),
    ],
)
def test_a_room_is_found_by_its_code_number_or_name(cell: str, code: str | None, expected: list[str]) -> None:
    report = report_of(f"Nr inw.;Nazwa;Wartość;Pokój\nA1;Krzesło;1;{cell}\n")
    assert report.rows[0].values.get("room_code") == code
    assert problems(report) == [expected]


@pytest.mark.parametrize(
    ("cell", "person", "expected"),
    [
        ("OMO1", 4, []),
        ("Osoba Testowa 1", 4, []),
        ("Testowa, Osoba 1", 4, []),
        ("dwie osoby", None, ["AMBIGUOUS_CUSTODIAN"]),
        ("ktoś", None, ["UNKNOWN_CUSTODIAN"]),
        ("–", None, []),
    ],
)
def test_a_person_is_found_by_login_or_name(cell: str, person: int | None, expected: list[str]) -> None:
    report = report_of(f"Nr inw.;Nazwa;Wartość;Osoba odpowiedzialna\nA1;Krzesło;1;{cell}\n")
    assert report.rows[0].refs.get("custodian_id") == person
    assert problems(report) == [expected]


def test_months_of_warranty_count_from_the_day_of_purchase() -> None:
    text = "Asset Tag,Item Name,Purchase Cost,Purchase Date,Warranty\nA1,Laptop,10.00,2022-01-31,36 months\n"
    assert str(report_of(text).rows[0].values["warranty_until"]) == "2025-01-31"


@pytest.mark.parametrize("name", ["lista.xls", "lista.xlsx", "lista.ods", "lista.csv"])
def test_a_text_under_the_name_of_a_spreadsheet_is_read_as_a_text(name: str) -> None:
    for text in ("Nr inw.\tNazwa\nA1\tKrzesło\n", "Nr inw.;Nazwa\nA1;Krzesło\n"):
        for content in (text.encode(), text.encode("utf-16")):
            assert [row.values["name"] for row in report_of(content, name).rows] == ["Krzesło"]


HTML = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>Wykaz</title></head><body>
<table><caption>Parter</caption><tr><th colspan=2>Wykaz &amp; spis</table>
<table><tr><td>Nr inw.<td>Nazwa<td>Wartość</tr><tr><td>A1</td><td>Krzesło<br>żółte</td><td>1&nbsp;200,00</td></tr>
<tr><td>A2<td><table><tr><td>Biurko</td></tr></table><td>5</table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "windows-1250", "iso-8859-2", "none"])
def test_tables_of_hypertext_are_sheets(charset: str) -> None:
    content = HTML.replace("{charset}", charset).encode("utf-8" if charset == "none" else charset)
    report = report_of(content, "wykaz.xls")
    assert [row.values["name"] for row in report.rows] == ["Krzesło\nżółte", "Biurko"]
    assert report.computed_total == Decimal("1205.00")
    assert [(sheet["name"], sheet["chosen"]) for sheet in report.as_record()["sheets"]] == [
        ("Parter", False), ("2", True),
    ]  # fmt: skip
    assert said(report) == [("SHEET_IS_NO_LIST", "Parter")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><table>" + b"<tr><td>a</td>" * 130_000, "more than 120000 lines"),
        (b"<html><table><tr>" + b"<td>a</td>" * 800, "more than 702 columns"),
        (b"<html><table><tr><td colspan=99999>a</table>", None),
        (b"<html>" + b"<table></table>" * 200, "more than 100 sheets"),
        (b"<html><p>nic", None),
        (b"<table>" * 100_000, None),
        (b"<table>" * 500_000, "more than 400000 tags"),
        (b"<table><tr><td " + b"a='b' " * 1_000_000, "more than 400000 tags"),
        (b"<html><!--" + b"-" * 9_000_000, "or 8 MB"),
    ],
)
def test_hypertext_is_read_within_bounds(content: bytes, words: str | None) -> None:
    with pytest.raises(Invalid, match=words):
        report_of(content, "wykaz.xls")


# as programs and offices name their columns, and what is read of each; a title that is not among them is not read
PROGRAMS = [
    (
        "Lp;Grupa;Nazwa;Miejsce użytkowania;Nr inwentarzowy;KŚT;Data przyjęcia;Data likwid.;Wartość nabycia",
        "row_no;category;name;room;inventory_no;kst;acquired_on;;value",
    ),
    (
        "Nazwa środka;Numer inwentarzowy;Miejsce użytkowania;Wartość początkowa;Data OT;Osoba materialnie odp.",
        "name;inventory_no;room;value;acquired_on;custodian",
    ),
    (
        "Nr ewid.;Wyszczególnienie;J.m.;Ilość (szt.);Cena jedn. [zł];Wartość brutto w zł;Wartość netto;Uwagi",
        "inventory_no;name;;quantity;unit_price;value;;note",
    ),
    (
        "Full Name,Email,Username,Item Name,Category,Model name,Manufacturer,Serial Number,Asset Tag,Location,Notes,"
        "Purchase Date,Purchase Cost,Company,Status,Warranty Months,Supplier",
        "detail,detail,custodian,name,category,detail,detail,serial_no,inventory_no,room,note,"
        "acquired_on,value,detail,lifecycle,warranty_months,detail",
    ),
    (
        "Company,Name,Asset Tag,Category,Model,Model Number,Asset Notes,Purchase Date,Purchase Cost,"
        "Checked Out To: Username,Checked Out To: Location",
        "detail,name,inventory_no,category,detail,detail,note,acquired_on,value,custodian,room",
    ),
    (
        "title,description,category,tags,location,valuation,custodian,qrId",
        "name,detail,category,detail,room,value,custodian,detail",
    ),
    (
        "Name;Entity;Status;Manufacturers;Serial number;Type;Model;Location;Inventory number;Comments",
        "name;detail;lifecycle;detail;serial_no;category;detail;room;inventory_no;note",
    ),
    (
        "ID,Part,Location,Quantity,Serial Number,Batch,Purchase Price",
        "inventory_no,name,room,quantity,serial_no,detail,value",
    ),
    (
        "HB.asset_id,HB.name,HB.quantity,HB.location,HB.serial_number,HB.purchase_price,HB.purchase_time,HB.notes",
        "inventory_no,name,quantity,room,serial_no,value,acquired_on,note",
    ),
    (
        "Stav,Pavilon,Místnost,Inv. číslo,Název,Typ,SN,Datum pořízení,Cena,Poznámka",
        "condition,detail,room,inventory_no,name,detail,serial_no,acquired_on,value,note",
    ),
    (
        "Inventar-Nr.;Bezeichnung;Standort;Raum;Seriennummer;Anschaffungsdatum;Kaufpreis;Bemerkung;Preis (EUR)",
        "inventory_no;name;detail;room;serial_no;acquired_on;value;note;",
    ),
    ("UID,ProductName,Price,DatePurchased,Supplier,Number of repairs", "inventory_no,name,value,acquired_on,detail,"),
    (
        "Description,Asset no,Location,Model,QTY,SN,Date,CAT",
        "name,inventory_no,room,detail,quantity,serial_no,acquired_on,category",
    ),
]


@pytest.mark.parametrize(("titles", "expected"), PROGRAMS)
def test_the_titles_of_other_programs_are_known(titles: str, expected: str) -> None:
    delimiter = ";" if ";" in titles else ","
    cells = delimiter.join("1" for _ in titles.split(delimiter))
    assert list(fields(report_of(f"{titles}\n{cells}\n")).values()) == [
        name or None for name in expected.split(delimiter)
    ]


def test_a_thing_without_a_name_is_called_by_its_description_or_its_type() -> None:
    report = report_of("Nr inw.;Nazwa;Typ;Opis;Wartość\nA1;;Chromebook;;5\nA2;;Chromebook;czarny;5\nA3;;;;5\n")
    assert [row.values["name"] for row in report.rows] == ["Chromebook", "czarny", None]
    assert problems(report) == [["NAME_FROM_OTHER_COLUMN"], ["NAME_FROM_OTHER_COLUMN"], ["NO_NAME"]]


def test_a_thing_without_a_number_may_say_so() -> None:
    report = report_of("Nr inw.;Nazwa;Wartość\nb/n;Stół;5\nbez numeru;Stół;5\n")
    assert problems(report) == [["NO_INVENTORY_NO"], ["NO_INVENTORY_NO"]]


@pytest.mark.parametrize(
    ("text", "quantity", "numbers"),
    [
        ("1021-1024", 4, ["1021", "1022", "1023", "1024"]),
        ("1021 – 1024", 4, ["1021", "1022", "1023", "1024"]),
        ("1021-24", 4, ["1021", "1022", "1023", "1024"]),
        ("A/09-A/10", 2, ["A/09", "A/10"]),
        ("A/7-9/22", 3, ["A/7/22", "A/8/22", "A/9/22"]),
        ("1021-1024", 5, []),
        ("1021-1024", 1, []),
        ("9-10", 2, []),
        ("013-808", 2, []),
        ("A/1", 2, []),
        ("1-900", 900, []),
    ],
)
def test_numbers_from_one_to_another(text: str, quantity: int, numbers: list[str]) -> None:
    assert numbers_between(text, quantity) == numbers


def test_a_range_of_numbers_is_offered_to_be_split() -> None:
    report = report_of("number-range.csv")
    assert problems(report) == [["NUMBER_RANGE"]]
    assert "1021 to 1024 fit 4 pieces" in report.rows[0].problems[0].hint(str)
    report = report_of("number-range.csv", choices=ListChoices(split=frozenset({"2"})))
    assert report.rows[0].values["numbers"] == ["1021", "1022", "1023", "1024"]
    assert problems(report) == [["SPLIT_INTO_PIECES"]]
    text = "Nr inw.;Nazwa;Ilość;Wartość\n1023;Stół;1;5\n1021-1024;Krzesło;4;400,00\n"
    report = report_of(text, choices=ListChoices(split=frozenset({"3"})))
    assert problems(report) == [[], ["DUPLICATE_INVENTORY_NO", "SPLIT_INTO_PIECES"]]


CODE = new_code(bytes(RANDOM_BYTES))


@pytest.mark.parametrize(
    ("cell", "tag", "expected"),
    [
        (CODE, CODE, []),
        (CODE.lower(), CODE, []),
        ("", None, []),
        (CODE[:-1] + ("1" if CODE[-1] != "1" else "2"), None, ["INVALID_TAG"]),
        ("naklejka", None, ["INVALID_TAG"]),
    ],
)
def test_the_code_of_a_label_is_read(cell: str, tag: str | None, expected: list[str]) -> None:
    report = report_of(f"Nazwa;Cena;Kod etykiety\nStół;5;{cell}\n")
    assert report.rows[0].values.get("tag") == tag
    assert problems(report) == [expected]


def test_a_label_is_on_one_thing() -> None:
    text = f"Nazwa;Cena;Kod etykiety\nStół;5;{CODE}\nKrzesło;5;{CODE}\n"
    assert problems(report_of(text)) == [[], ["DUPLICATE_TAG"]]
    layout = find_list(read(text.encode(), "lista.csv"))
    assert problems(judge(layout, office(labels={CODE: None}))) == [["TAG_TAKEN"], ["DUPLICATE_TAG"]]


@pytest.mark.parametrize(
    ("cell", "numbers", "expected"),
    [
        ("ST/1", ["ST/1"], []),
        ("ST/1 | ST/2", ["ST/1", "ST/2"], []),
        ("A1", [], ["FORMER_NUMBER_TAKEN"]),
        ("ZAJETY | ST/3", ["ST/3"], ["FORMER_NUMBER_TAKEN"]),
        ("ST/1 | st / 1", ["ST/1"], ["FORMER_NUMBER_TAKEN"]),
    ],
)
def test_former_numbers_are_read_and_nothing_else_has_them(cell: str, numbers: list[str], expected: list[str]) -> None:
    layout = find_list(read(f"Nr inw.;Nazwa;Cena;Dawne numery\nA1;Stół;5;{cell}\n".encode(), "lista.csv"))
    report = judge(layout, office(inventory_keys={"zajety"}))
    assert report.rows[0].refs.get("former_numbers", []) == numbers
    assert problems(report) == [expected]
    assert ("Dawne numery" in report.rows[0].note()) == bool(expected)


UNKNOWN = "Wykaz;;;\nGatunek;Cena;Kolor;Waga\nKrzesło;5;czarny;3\n"


def test_a_row_that_may_name_the_columns_is_told_with_what_was_understood() -> None:
    with pytest.raises(Invalid) as refused:
        report_of(UNKNOWN)
    assert refused.value.code == "import.header_unknown"
    assert {name: refused.value.params[name] for name in ("line", "known", "unknown")} == {
        "line": 2, "known": "Cena", "unknown": "Gatunek, Kolor, Waga",
    }  # fmt: skip


def test_columns_that_nobody_knows_can_be_chosen() -> None:
    sheets = read(UNKNOWN.encode(), "lista.csv")
    report = judge(find_list(sheets, guess=True), office())
    assert (report.rows, said(report)[0][0], report.header.line) == ([], "HEADER_UNKNOWN", 2)
    assert [(column["title"], column["example"]) for column in report.as_record()["columns"]] == [
        ("Gatunek", "Krzesło"), ("Cena", "5"), ("Kolor", "czarny"), ("Waga", "3"),
    ]  # fmt: skip
    choices = ListChoices(header_row=2, columns={"Gatunek": "name", "Kolor": "detail"})
    (row,) = judge(find_list(sheets, None, choices), office()).rows
    assert (row.values["name"], row.values["value"], row.values["note"]) == ("Krzesło", Decimal(5), "Kolor: czarny")
    with pytest.raises(Invalid, match="names the columns"):
        find_list(read(b"5;6\n7;8\n", "lista.csv"), guess=True)


def test_a_label_in_the_register_says_which_piece_a_row_is_about() -> None:
    other = new_code(bytes([7]) * RANDOM_BYTES)
    lines = [f";Stół;{CODE};", f"A1;Szafa;{other};A0 | nowy", f"A2;Lampa;{CODE};"]
    layout = find_list(read("\n".join(["Nr inw.;Nazwa;Kod etykiety;Dawne numery", *lines]).encode(), "lista.csv"))
    register = {"labels": {CODE: 5}, "numbered": {"a1": 6, "a0": 6, "a2": 7}, "inventory_keys": {"a1", "a0", "a2"}}
    report = judge(layout, office(**register))
    assert [row.refs.get("asset_id") for row in report.rows] == [5, 6, 7]
    assert problems(report) == [[], ["CHANGED_BY_ANOTHER_ACT", "CHANGED_BY_ANOTHER_ACT"], ["DUPLICATE_TAG"]]
    single = find_list(read(f"Nr inw.;Nazwa;Kod etykiety\nA2;Lampa;{CODE}\n".encode(), "lista.csv"))
    assert problems(judge(single, office(**register))) == [["TAG_TAKEN"]]
