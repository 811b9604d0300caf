"""Lists as clerks send them, each with one thing that could be lost without a word: what is read, and what is said."""

from pathlib import Path
from typing import Any

import pytest

from registry.core.errors import Invalid
from registry.importing.choices import NO_CHOICES, ListChoices
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.report import ImportReport
from tests.registry.importing.test_report import office

LISTS = Path(__file__).parents[2] / "data" / "lists"


def report_of(source: str | bytes, name: str = "", choices: ListChoices = NO_CHOICES) -> ImportReport:
    """A file of the folder by its name, or a text."""
    content: Path | bytes = source if isinstance(source, bytes) else LISTS / source
    if isinstance(source, str) and (";" in source or "\n" in source):
        content = source.encode()
    return judge(find_list(read(content, name or "lista.csv", choices.encoding), None, choices), office())


def said(report: ImportReport) -> list[tuple[str, str]]:
    return [(problem.code, problem.column or problem.text) for problem in report.notices]


def fields(report: ImportReport) -> dict[str, str | None]:
    return {column["title"]: column["field"] for column in report.as_record()["columns"]}


# of each file: the names that are read, their prices together, what is said of the list
WHOLE: dict[str, tuple[list[str], str, list[tuple[str, str]]]] = {
    "column-not-read.csv": (["Serwer", "Laptop"], "16000.00", [("COLUMN_NOT_READ", "Data likwid.")]),
    "header-words-unknown.csv": (["Krzesło"], "100.00", []),
    "merged-header-price-lost.xlsx": (["Krzesło", "Biurko"], "600.00", [("COLUMN_NOT_READ", "Wartość umorzenie")]),
    "room-per-sheet.xlsx": (["Krzesło", "Biurko", "Lampa", "Biurko", "Lampa"], "1200.00", []),
    "same-field-twice.csv": (
        ["Fotel biurowy"], "0.00", [("SAME_FIELD_TWICE", "Opis"), ("SAME_FIELD_TWICE", "Lokalizacja")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_list_is_read_wholly_or_the_reader_is_told(name: str) -> None:
    names, value, problems = WHOLE[name]
    report = report_of(name)
    assert [row.values["name"] for row in report.rows] == names
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
    assert said(report_of("Nr inw.;Nazwa;Data likwid.;\nA1;Krzesło;;\n")) == []


def test_a_cell_beside_the_columns_is_named_by_its_letter() -> None:
    report = report_of("Nr inw.;Nazwa\nA1;Krzesło;;pilne\n")
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
    choices = ListChoices(("a",), 3, "utf-8", {"A": None}, frozenset({"b!2", "1"}))
    assert ListChoices.from_record(choices.as_record()) == choices
    assert NO_CHOICES.as_record() == {}
    assert ListChoices.from_record({"leave_out": [4]}).leave_out == {"4"}
