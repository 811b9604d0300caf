"""Depreciation: the page, the calls, the files, and who may see them."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.office import value_of
from registry.accounting.policy import use_rates
from registry.assets.models import Asset, FundingShare
from registry.grants.models import Grant
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
PAGE = "/reports/depreciation"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def piece(price: str, **more: Any) -> Asset:
    columns: dict[str, Any] = {"kst": "487", "account": "011", "accepted_on": date(2024, 5, 17)}
    return await make.make_asset(price=Decimal(price), **columns | more)


async def stock() -> dict[str, Asset]:
    """A fixed asset of a grant, one that went with its paper, one without, an other asset, one without a day."""
    grant = await Grant.create(
        code="FBW/2021", name="G", beneficiary="B", fund="F", total=Decimal("9000.00"), granted=Decimal("9000.00"),
        percent=Decimal(75),
    )  # fmt: skip
    server = await piece("12000.00", name="Serwer")
    for source, amount in ((grant.id, "9000.00"), (None, "3000.00")):
        await FundingShare.create(asset=server, grant_id=source, amount=Decimal(amount))
    gone = await piece("24000.00", name="Macierz", lifecycle="disposed")
    await make.make_document("LT", gone, issued_on=date(2024, 8, 2))
    taken_back = await make.make_document("LT", gone, issued_on=date(2024, 9, 2))
    taken_back.cancelled_at = make.NOW
    await taken_back.save()
    return {
        "server": server,
        "gone": gone,
        "lost": await piece("30000.00", name="Bez dokumentu", lifecycle="disposed"),
        "chair": await piece("600.00", name="Krzesło", kst="808", account="013"),
        "undated": await piece("11000.00", name="=1+1", accepted_on=None),
        "mistaken": await piece("50000.00", name="Pomyłka", lifecycle="withdrawn"),
    }


async def test_a_year_is_summed_by_account_group_and_source(desk: Desk) -> None:
    await stock()
    answer = (await desk.api("GET", f"{PAGE}?year=2024", "accountant")).json()
    rows = {(row["account"], row["kst_group"], row["grant"] or ""): row for row in answer["items"]}
    assert list(rows) == [("011", "4", "FBW/2021"), ("011", "4", ""), ("013", "8", "")]
    granted = rows["011", "4", "FBW/2021"]
    assert (granted["initial"], granted["amount"], granted["rest"]) == ("9000.00", "1575.00", "7425.00")
    own = rows["011", "4", ""]  # 7 months of 75, and 3 of 600 until the paper in force
    assert (own["pieces"], own["amount"], own["months"][5:9]) == (2, "2325.00", ["675.00"] * 3 + ["75.00"])
    assert answer["sum"]["pieces"] == 3
    assert answer["sum"]["amount"] == "4500.00"
    remarks = {row["remark"]: (row["pieces"], row["price"]) for row in answer["remarks"]}
    assert remarks == {"no_day": (1, "11000.00"), "no_leaving_day": (1, "30000.00")}
    month = (await desk.api("GET", f"{PAGE}?year=2024&month=6", "auditor")).json()
    assert (month["sum"]["amount"], month["sum"]["before"], month["sum"]["months"]) == ("900.00", "600.00", ["900.00"])
    assert (await desk.api("GET", f"{PAGE}?year=2024&month=13", "auditor")).status_code == 422
    assert (await desk.api("GET", f"{PAGE}?year=1", "auditor")).status_code == 422
    pieces = (await desk.api("GET", f"{PAGE}/pieces?remark=no_day", "auditor")).json()
    assert [row["name"] for row in pieces["items"]] == ["=1+1"]


async def test_the_page_shows_the_year_its_months_and_what_is_not_in_it(desk: Desk) -> None:
    await stock()
    page = await desk.read(f"{PAGE}?year=2024", "accountant")
    assert "Depreciation 2024" in page
    assert "What the register says. It posts nothing" in page
    assert "The day of acceptance is missing 1 piece" in page
    assert "FBW/2021" in page
    assert "Depreciation: June 2024" in await desk.read(f"{PAGE}?year=2024&month=6", "accountant")
    assert "=1+1" in await desk.read(f"{PAGE}?year=2024&why=no_day", "auditor")
    assert "There is none" in await desk.read(f"{PAGE}?why=never", "auditor")
    for odd in ("?year=x", "?year=99999", "?month=0", "?why=x", "?why=no_day&offset=x"):
        assert (await desk.get(PAGE + odd, "auditor")).status_code == 200
    empty = await desk.read(f"{PAGE}?year=2020", "accountant")
    assert "Nothing stands in this table" in empty


@pytest.mark.databases("sqlite")
async def test_only_who_counts_money_sees_it(desk: Desk) -> None:
    pieces = await stock()
    for who, status in (("alice", 403), ("duty", 403), ("coordinator", 403), ("facilities", 403), ("auditor", 200)):
        assert (await desk.get(f"{PAGE}?year=2024", who)).status_code == status
        assert (await desk.api("GET", f"{PAGE}?year=2024", who)).status_code == status
        assert (await desk.get(f"{PAGE}/export.csv?year=2024", who)).status_code == status
    own = f"/assets/{pieces['server'].id}/depreciation"
    assert (await desk.api("GET", own, "alice")).status_code == 403
    assert "Depreciation" not in await desk.read(f"/assets/{pieces['server'].id}", "alice")


async def test_the_plan_of_a_piece_is_on_its_page_and_for_programs(desk: Desk) -> None:
    pieces = await stock()
    plans: Mapping[str, Any] = {
        name: (await desk.api("GET", f"/assets/{row.id}/depreciation", "accountant")).json()
        for name, row in pieces.items()
    }
    server = plans["server"]
    assert (server["way"], server["rate"], server["months"], server["monthly"]) == ("linear", "30.00", 40, "300.00")
    assert server["first_month"] == "2024-06-01"
    assert [(row["year"], row["amount"]) for row in server["years"]] == [
        (2024, "2100.00"), (2025, "3600.00"), (2026, "3600.00"), (2027, "2700.00"),
    ]  # fmt: skip
    assert [plans[name]["remark"] for name in ("undated", "lost", "mistaken")] == [
        "no_day",
        "no_leaving_day",
        "withdrawn",
    ]
    assert plans["undated"]["years"] == []
    assert (plans["chair"]["way"], plans["chair"]["first_month"]) == ("at_once", "2024-05-01")
    page = await desk.read(f"/assets/{pieces['server'].id}", "accountant")
    assert "in equal parts, from the month after acceptance" in page
    assert re.search(r"40 months, \S*300\D\S* .{0,4}each, the rest in the last", page)
    assert "The day of acceptance is missing" in await desk.read(f"/assets/{pieces['undated'].id}", "accountant")
    assert (await desk.api("GET", "/assets/999999/depreciation", "accountant")).status_code == 404


async def test_a_file_has_a_line_for_each_piece_and_runs_no_formula(desk: Desk) -> None:
    await stock()
    answer = await desk.get(f"{PAGE}/export.csv?year=2024", "accountant")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    by_name = {line["Nazwa"]: line for line in lines}
    assert list(by_name) == ["Serwer", "Macierz", "Bez dokumentu", "Krzesło", "'=1+1"]
    server = by_name["Serwer"]
    assert (server["czerwiec"], server["Razem w roku"], server["Wartość netto"]) == ("300,00", "2100,00", "9900,00")
    assert (by_name["'=1+1"]["Razem w roku"], by_name["'=1+1"]["Uwagi"]) == ("", "brak daty przyjęcia")
    assert by_name["Macierz"]["Data wyjścia"] == "02.08.2024"
    totals = await desk.get(f"{PAGE}/export.csv?year=2024&of=totals", "auditor")
    last = list(csv.DictReader(io.StringIO(totals.content.decode("utf-8-sig")), delimiter=";"))[-1]
    assert (last["Konto"], last["Ilość"], last["Razem w roku"]) == ("Razem", "3", "4500,00")
    book = await desk.get(f"{PAGE}/export.xlsx", "auditor")
    assert book.content.startswith(b"PK")


@pytest.mark.databases("sqlite")
async def test_the_rates_in_force_decide(desk: Desk) -> None:
    row = await piece("12000.00")
    use_rates(value_of("depreciation_rates", "4: 10, 2024-05-01=20; 48: 60, 2030-01-01=30"))
    plan = (await desk.api("GET", f"/assets/{row.id}/depreciation", "accountant")).json()
    assert (plan["rate"], plan["months"]) == ("60.00", 20)
    with pytest.raises(ValueError, match="beginning of a KŚT symbol"):
        value_of("depreciation_rates", "487")
