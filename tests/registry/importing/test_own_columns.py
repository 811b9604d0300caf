"""The fields of categories in lists: read by their names, written, changed, undone, and the same when they leave."""

import io
from datetime import date

import pytest

from registry.assets.categories import FieldWish, NewCategory, add_category
from registry.assets.models import Asset
from registry.assets.queries import own_values
from registry.categories.models import FieldKind
from registry.core.history import SYSTEM
from registry.exporting.lists import export_list
from registry.importing.lists import check_list, import_list
from registry.importing.updates import restore
from tests.conftest import Database
from tests.make import NOW

pytestmark = pytest.mark.anyio
HEAD = "Numer inwentarzowy;Nazwa;Kategoria;Wartość brutto;Data przyjęcia;Jasność;Wzorcowanie do;Obudowa\n"
ROW = "A/1;Projektor;projektory;4000,00;02.11.2026;{lumens};{day};{shape}\n"


async def furnish() -> None:
    fields = (
        FieldWish("Jasność", FieldKind.NUMBER, unit="lm"),
        FieldWish("Wzorcowanie do", FieldKind.DAY, is_due=True),
        FieldWish("Obudowa", FieldKind.CHOICE, choices=("Mini", "Tower")),
    )
    await add_category(NewCategory("Projektory", fields=fields), SYSTEM, NOW)


def rows(lumens: str = "5 000", day: str = "1.03.2027", shape: str = "mini") -> bytes:
    return (HEAD + ROW.format(lumens=lumens, day=day, shape=shape)).encode()


async def test_a_column_named_like_a_field_is_read_into_it(database: Database) -> None:
    await furnish()
    report = await check_list(rows(), "lista.csv", "assets", today=date(2026, 11, 30))
    assert [column.field for column in report.tally.filled()][-3:] == [
        "own:jasnosc", "own:wzorcowanie-do", "own:obudowa",
    ]  # fmt: skip
    await import_list(rows(), "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="lista.csv")
    asset = await Asset.get(inventory_no="A/1")
    assert asset.category == "Projektory"
    values = {"jasnosc": "5000", "wzorcowanie-do": "2027-03-01", "obudowa": "Mini"}
    assert await own_values([asset.id]) == {asset.id: values}
    assert "mini" in asset.search_text


async def test_what_a_field_cannot_hold_is_a_problem_of_its_cell(database: Database) -> None:
    await furnish()
    for content, code in (
        (rows(lumens="jasny"), "INVALID_NUMBER"), (rows(day="kiedyś"), "INVALID_DATE"),
        (rows(day="1.03.1889"), "INVALID_DATE"), (rows(shape="Kostka"), "INVALID_CHOICE"),
    ):  # fmt: skip
        report = await check_list(content, "lista.csv", "assets", today=date(2026, 11, 30))
        assert [problem.code for problem in report.rows[0].problems] == [code], content


async def test_a_row_that_lacks_what_its_category_requires_says_so_and_is_written(database: Database) -> None:
    needed = (
        FieldWish("Jasność", FieldKind.NUMBER, is_required=True),
        FieldWish("Lampa", FieldKind.TEXT, is_required=True),
    )
    await add_category(NewCategory("Projektory", fields=needed), SYSTEM, NOW)
    today = date(2026, 11, 30)
    report = await check_list(rows(lumens=""), "lista.csv", "assets", today=today)
    problems = [(one.code, one.column, one.params["title"]) for one in report.rows[0].problems]
    assert problems == [("FIELD_NEEDED", "Jasność", "Jasność"), ("FIELD_NEEDED", "Lampa", "Lampa")]
    assert report.rows[0].status == "warning"
    report = await check_list(rows(lumens="jasny"), "lista.csv", "assets", today=today)
    assert [one.code for one in report.rows[0].problems] == ["INVALID_NUMBER", "FIELD_NEEDED"]
    await import_list(rows(lumens=""), "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="lista.csv")
    report = await check_list(rows(lumens=""), "lista.csv", "assets", today=today)
    assert [(row.fate, row.problems) for row in report.rows] == [("same", [])], "it is there already"


async def test_a_list_changes_what_fields_hold_and_an_undo_gives_it_back(database: Database) -> None:
    await furnish()
    await import_list(rows(), "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="lista.csv")
    report = await check_list(rows("5 200", ""), "lista.csv", "assets", today=date(2026, 11, 30))
    assert report.rows[0].changes == {"own:jasnosc": ["5000", "5200"]}
    report = await check_list(rows("5 200", ""), "lista.csv", "assets", today=date(2026, 11, 30), keep=["Jasność"])
    assert (report.rows[0].fate, report.rows[0].keep) == ("same", {"own:jasnosc"})
    await import_list(rows("5 200", ""), "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="lista.csv")
    asset = await Asset.get(inventory_no="A/1")
    assert (await own_values([asset.id]))[asset.id]["jasnosc"] == "5200"
    former = {"corrections": {}, "own_values": {"jasnosc": "5000", "obudowa": "", "gone": "x"}}
    await restore(asset, former, SYSTEM, NOW, "undo")
    assert await own_values([asset.id]) == {asset.id: {"jasnosc": "5000", "wzorcowanie-do": "2027-03-01"}}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_what_leaves_comes_back_unchanged(database: Database, kind: str) -> None:
    await furnish()
    await import_list(rows("0,5"), "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="lista.csv")
    out = io.BytesIO()
    assert await export_list("assets", kind, out) == 1
    report = await check_list(out.getvalue(), f"lista.{kind}", "assets", today=date(2026, 11, 30))
    assert [(row.fate, row.changes) for row in report.rows] == [("same", {})]
