"""Files that would harm: each is refused as a whole, with what to do, by a process that takes no more than it may."""

import asyncio
import io
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from registry.core.aside import Unwanted, aside, ended_with, go_on
from registry.core.errors import Invalid
from registry.importing import files, texts
from registry.importing.bounds import MOST_COLUMNS, MOST_ROWS
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.report import ImportReport
from registry.importing.snapshot import RegisterSnapshot
from tests.registry.importing.samples import SAMPLES

HEADER = "Nr inw.;Nazwa;Wartość;Pokój"
SPREADSHEET = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="A">{}</table:table></office:spreadsheet></office:body></office:document-content>"""
MANIFEST = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
CELL = (
    '<table:table-cell office:value-type="string" table:number-columns-repeated="{}">'
    "<text:p>x</text:p></table:table-cell>"
)


def refusal(content: bytes, name: str = "lista.csv") -> str:
    """The words that a file is refused with, in any of the passes over it."""
    with pytest.raises(Invalid) as refused:
        judge(find_list(read(content, name)), RegisterSnapshot())
    assert refused.value.code == "import.unreadable"
    return str(refused.value)


def report_of(content: bytes | str) -> ImportReport:
    content = content if isinstance(content, bytes) else content.encode()
    return judge(find_list(read(content, "lista.csv")), RegisterSnapshot())


def statuses(report: ImportReport) -> list[tuple[int, str]]:
    return [(row.line, row.problems[0].code if row.status == "error" else "") for row in report.rows]


def workbook(row: int, column: int) -> bytes:
    """A list of one piece, and a blank cell somewhere."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Nr inw.", "Nazwa", "Wartość"])
        page.write_row(1, 0, ["T-1", "Krzesło", "100,00"])
        page.write_string(row, column, " ")
    return file.getvalue()


def edited(edit: Callable[[bytes], bytes], content: bytes | None = None) -> bytes:
    """A workbook with another page in it."""
    file = io.BytesIO()
    book = zipfile.ZipFile(io.BytesIO(content or workbook(1, 3)))
    with book, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in book.infolist():
            text = book.read(part)
            archive.writestr(part.filename, edit(text) if "worksheets/" in part.filename else text)
    return file.getvalue()


def open_document(rows: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", SPREADSHEET.format(rows))
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return file.getvalue()


@pytest.mark.parametrize(
    ("row", "column", "cell"),
    [(1_048_575, 16_383, "XFD1048576"), (1_048_575, 25, "Z1048576"), (1, 16_383, "XFD2"), (199_999, 0, "A200000")],
)
def test_a_blank_cell_in_a_far_corner_is_named(row: int, column: int, cell: str) -> None:
    assert f"reaches to {cell}: delete the empty rows and columns" in refusal(workbook(row, column), "a.xlsx")


def test_a_far_corner_that_is_written_in_another_way_ends_the_reading_process_alone() -> None:
    far = edited(lambda page: page.replace(b'r="XFD1048576"', b"r  =  'xfd1048576'"), workbook(1_048_575, 16_383))
    assert "takes more than 256 MB of memory" in refusal(far, "a.xlsx")


def test_a_table_that_is_nearly_within_the_bounds_ends_the_reading_process_alone() -> None:
    assert "takes more than 256 MB of memory" in refusal(workbook(MOST_ROWS - 1, MOST_COLUMNS - 1), "a.xlsx")


def test_an_archive_that_unpacks_to_too_much_is_not_opened() -> None:
    bomb = edited(lambda page: page.replace(b"</sheetData>", b" " * 200_000_000 + b"</sheetData>"))
    assert len(bomb) < 500_000
    assert "unpacks to more than a list may hold" in refusal(bomb, "a.xlsx")


def test_an_archive_that_says_less_than_it_unpacks_to_is_not_opened() -> None:
    lie = bytearray(edited(lambda page: page.replace(b"</sheetData>", b" " * 30_000_000 + b"</sheetData>")))
    at = -1
    while (at := lie.find(b"PK\x01\x02", at + 1)) >= 0:
        if int.from_bytes(lie[at + 24 : at + 28], "little") > 1_000_000:
            lie[at + 24 : at + 28] = (1_000).to_bytes(4, "little")
    assert "unpacks to more than a list may hold" in refusal(bytes(lie), "a.xlsx")


def test_an_archive_of_a_hundred_thousand_parts_is_not_opened() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(10_000):
            archive.writestr(str(number), b"")
    assert "unpacks to more than a list may hold" in refusal(file.getvalue(), "a.xlsx")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (f"<table:table-row>{CELL.format(1_000_000_000)}</table:table-row>", ""),
        (f'<table:table-row table:number-rows-repeated="2000000000">{CELL.format(1)}</table:table-row>', ""),
        (f'<table:table-row table:number-rows-repeated="1000000">{CELL.format(1000)}</table:table-row>', ""),
        (f"<table:table-row>{CELL.format(2_000)}</table:table-row>", "more than 702 columns"),
    ],
)
def test_a_cell_that_an_open_document_repeats_without_end(rows: str, words: str) -> None:
    assert words in refusal(open_document(rows), "a.ods")


def test_a_damaged_old_spreadsheet_harms_nobody() -> None:
    content = bytearray((SAMPLES / "F_ewidencja.xls").read_bytes())
    content[600:3000] = b"\xff" * 2400
    refusal(bytes(content), "a.xls")
    refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 4_000, "a.xls")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Nr inw.;Nazwa" + b";" * 2_000_000 + b"\n1;a" + b";" * 2_000_000, "more than 702 columns"),
        (b"Nr inw.;Nazwa\n" + b"a;b\n" * 400 + b";" * 800 + b"\n", "more than 702 columns"),
        (b"Nr inw.;Nazwa\n" + b"a;b\n" * MOST_ROWS, f"more than {MOST_ROWS} lines"),
        (b"Nr inw.;Nazwa\n" + b"\r" * 2_000_000, f"more than {MOST_ROWS} lines"),
        (b"a" * 5_000_000, "more than 1000000 characters"),
        ("ż".encode("cp1250") * 5_000_000, "more than 1000000 characters"),
        (("ż" * 2_000_000).encode("utf-16"), "more than 1000000 characters"),
        (b"Nr inw.;Nazwa\n" + b'a";"c\n' * 50_000, "more than 1000 of its lines"),
        (b"Nr inw.;Nazwa\n" + b'a;"b\n' * 50_000, "more than 1000 of its lines"),
        (b"\0" * 1_000_000, "no text file"),
    ],
)
def test_a_text_that_is_no_list_is_refused_at_once(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_a_long_list_reads_the_same_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("A_wykaz_cp1250.csv", "B_ewidencja_utf8bom.csv"):
        here = judge(find_list(read(SAMPLES / name)), RegisterSnapshot()).as_json()
        with monkeypatch.context() as apart:
            apart.setattr(files, "IN_PLACE", 0)
            assert judge(find_list(read(SAMPLES / name)), RegisterSnapshot()).as_json() == here
    assert "reading_process" not in {module.rsplit(".", 1)[-1] for module in sys.modules}


def test_a_reading_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PATIENCE_SECONDS", 0.01)
    assert "seconds: delete the empty rows" in refusal((SAMPLES / "E_wykaz.xlsx").read_bytes(), "a.xlsx")


async def test_work_aside_ends_with_its_task() -> None:
    started, ended = threading.Event(), threading.Event()

    def work() -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with child, ended_with(child.kill):
            started.set()
            child.wait()
        try:
            go_on()
        except Unwanted:
            ended.set()

    task = asyncio.create_task(aside(work))
    await asyncio.to_thread(started.wait, 30)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 30)
    assert time.monotonic() - began < 20


def test_a_quotation_mark_that_swallows_lines_costs_its_row_alone() -> None:
    report = report_of(f'{HEADER}\nA1;Krzesło;100,00;PP-02\nA2;"Monitor 24 cale;900,00;PP-02\n'
                       'A3;Biurko;500,00;PP-02\nA4;Szafa;700,00;PP-02\n'
                       'A5;Monitor "panoramiczny";900,00;PP-02\nA6;Lampa;50,00;PP-02')  # fmt: skip
    assert statuses(report) == [(2, ""), (3, "UNREADABLE_ROW"), (4, ""), (5, ""), (6, ""), (7, "")]
    assert report.rows[4].values["name"] == 'Monitor "panoramiczny"'


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        # closed where a cell ends, so that the file is well formed
        (['A2;"Monitor;900;PP-02', "A3;Biurko;500;PP-02", 'A5;Monitor 24";900;PP-02'], ["UNREADABLE_ROW", "", ""]),
        (['A2;"Monitor;900;PP-02', 'A3;Monitor 24";500;PP-02'], ["UNREADABLE_ROW", ""]),
        # closed in another column
        (['A2;Monitor;900;"PP-02', 'A3;Monitor 24";500;PP-02', "A4;Stół;5;PP-02"], ["UNREADABLE_ROW", "", ""]),
        # never closed
        (['A2;"Monitor;900;PP-02', "A3;Biurko;500;PP-02"], ["UNREADABLE_ROW", ""]),
        # what people write over lines on purpose
        (['A2;"Monitor', 'z kablem";900;PP-02', "A3;Biurko;500;PP-02"], ["", ""]),
        (['A2;"Monitor; kabel; pilot', 'i stojak";900;PP-02', "A3;Biurko;500;PP-02"], ["", ""]),
    ],
)
def test_every_way_in_which_a_quotation_mark_swallows_lines(lines: list[str], rows: list[str]) -> None:
    whole = "\n".join([HEADER, "A0;Krzesło;1;PP-02", "A1;Lampa;1;PP-02", *lines])
    assert [code for _, code in statuses(report_of(whole))] == ["", "", *rows]


def test_a_cell_that_holds_many_separators_and_lines_is_looked_at() -> None:
    (row,) = report_of(f'{HEADER}\nA2;"kable; piloty;\nuchwyty; ramy; śruby;\ni klej";900;PP-02').rows
    assert (row.status, [problem.code for problem in row.problems][-1]) == ("warning", "LINES_IN_ONE_CELL")


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_one_foreign_byte_costs_its_row_alone(rows: int) -> None:
    lines = [HEADER, *(f"C{number};Krzesło żółte;100,00;PP-02" for number in range(rows))]
    report = report_of("\n".join(lines).encode() + "\nC9;Stół;50,00;PP-02".encode("cp1250"))
    assert report.sheet.encoding == "utf-8"
    assert set(report.header.columns) == {"inventory_no", "name", "value", "room"}
    assert [row.status == "error" for row in report.rows] == [*[False] * rows, True]
    assert report.rows[-1].problems[-1].code == "FOREIGN_LETTERS"
    assert report.rows[0].values["name"] == "Krzesło żółte"
    assert report.rows[-1].values["name"] == "Stół", "what it most likely means stands in the form"


def test_a_row_with_foreign_letters_is_taken_once_somebody_corrected_it() -> None:
    content = f"{HEADER}\nA1;Półka wąska;1,00;PP-02\n".encode() + "C9;Stół;50,00;PP-02".encode("iso8859_2")
    report = judge(find_list(read(content, "a.csv")), RegisterSnapshot(), {"3": {"name": "Stół"}})
    assert (report.rows[1].status, report.rows[1].values["name"]) != ("error", "")
    assert "FOREIGN_LETTERS" not in [problem.code for problem in report.rows[1].problems]


def test_foreign_letters_in_the_header_are_told() -> None:
    content = "Nr inw.;Nazwa;Wartość".encode("cp1250") + "\nA1;Półka wąska żółta;1,00\nA2;Łóżko;2,00".encode()
    report = report_of(content)
    assert "value" in report.header.columns
    assert [notice.code for notice in report.notices if notice.code == "FOREIGN_HEADER"] == ["FOREIGN_HEADER"]


def test_letters_that_another_program_lost_are_told() -> None:
    (row,) = report_of(f"{HEADER}\nA1;Krzes\ufffdo;1,00;PP-02").rows
    assert row.problems[-1].code == "FOREIGN_LETTERS"


def test_no_code_page_beside_the_polish_ones_is_guessed() -> None:
    for text in ("Стол", "Τραπέζι", "Größe ÄÖÜ"):
        for codec in ("cp1251", "cp1253", "cp1252"):
            encoding = texts.encoding_of(f"Nazwa\n{text}".encode(codec, "replace"))
            assert encoding in ("utf-8", "windows-1250", "iso-8859-2", "cp852", "mazovia")


def test_a_file_of_any_size_is_read_up_to_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    with pytest.raises(Invalid, match="larger than 50 MB"):
        read(path)
