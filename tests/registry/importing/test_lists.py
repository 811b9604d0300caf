"""What an import leaves in the register, on both databases."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets.actions import correct
from registry.assets.models import Asset, FundingShare, Purchase, Tag
from registry.assets.tags import RANDOM_BYTES, check, new_code
from registry.core import seals, transaction
from registry.core.errors import Conflict, Refusal
from registry.core.events import AssetChanged, Event, RoomChanged, on
from registry.core.history import SYSTEM, HistoryEntry
from registry.grants.models import Grant
from registry.importing import batches, lists
from registry.importing.batches import WritingProgress
from registry.importing.choices import ListChoices
from registry.importing.lists import check_list, import_list, write_list
from registry.people.models import Institution, Person
from registry.people.queries import person_by_login
from registry.rooms.models import Building, Room, Site

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
HEADER = "Nr inw.;Nazwa;KŚT;Data OT;Wartość;Pokój;Nr seryjny;Źródło finansowania;Poz. zakupu;Ilość"


async def bring(text: str, **options: Any) -> WritingProgress:
    return await write_list(await check_list(text.encode(), "lista.csv"), SYSTEM, NOW, **options)


@pytest.fixture
async def house(database: Any) -> None:
    """A town with two rooms and a grant, made by the importer itself."""
    await bring("kod;adres;miejscowosc\nB1;ul. Długa 1;Toruń\nB2;ul. Długa 2;Toruń")
    await bring("kod;budynek;numer;nazwa_pl;typ;widocznosc_rezerwacji\nR-1;B1;0.01;Pokój;office;internal\n"
                "R-2;B2;0.02;Sala;meeting;public")  # fmt: skip
    await Grant.create(code="G/1", name="Grant", beneficiary="Urząd", fund="Fundusz Bezpieczeństwa Wewnętrznego",
                       total=100, granted=75, percent=75)  # fmt: skip


@pytest.mark.usefixtures("house")
async def test_places_and_people() -> None:
    assert await Site.all().values_list("code", "name") == [("torun", "Toruń")]
    assert await Building.all().count() == 2
    assert await Room.all().order_by("id").values_list("code", "number") == [("R-1", "0.01"), ("R-2", "0.02")]
    await bring("kod;nazwa;rola_w_projekcie;czlonek_zespolu\nKPUW;Urząd;gospodarz;tak")
    await bring("login;nazwa_roli;organizacja;rola_w_systemie\nomo1;odpowiedzialny 1;KPUW;member")
    person = await Person.get(login="omo1").select_related("institution")
    assert (person.role, person.password_hash) == ("member", "")
    assert await Institution.filter(in_team=True).count() == 1
    assert await HistoryEntry.filter(action="imported").count() == 7, "the town's site has one too"


@pytest.mark.usefixtures("database")
async def test_an_imported_login_is_the_one_that_its_person_is_known_by() -> None:
    await bring("login;nazwa_roli;rola_w_systemie\nAnna.Kowalska;rola;member\njan kowal ski;rola;member")
    assert await Person.all().values_list("login", flat=True) == ["anna.kowalska"]
    assert (await person_by_login("Anna.Kowalska")).name == "rola"


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("model", "text", "lines"),
    [
        (Person, "login;nazwa_roli;rola_w_systemie\naa;{};member\nbb;{};member", [2, 3]),
        (Institution, "kod;nazwa;rola_w_projekcie\nA;{};x\nB;{};x", [2, 3]),
        (Building, "kod;adres;uwagi;miejscowosc\nB3;ul. Długa 3;{};Toruń\nB4;ul. Długa 4;{};Toruń", [2, 3]),
        (Building, "kod;adres;uwagi;miejscowosc\n{}7;ul. Długa 3;x;Łódź", [2]),
        (Room, "kod;budynek;numer;nazwa_pl;typ;widocznosc_rezerwacji\nR-3;B1;3;{};office;internal", [2]),
        (Purchase, "lp;nazwa_pl;cena_jedn_brutto;ilosc;rozmieszczenie\nZ1;{};10;1;R-1:1", [2]),
    ],
)  # fmt: skip
async def test_what_was_taken_since_the_check_is_refused_at_its_row(model: Any, text: str, lines: list[int]) -> None:
    report = await check_list(text.replace("{}", "Late").replace("Łódź", "Lodz").encode(), "a.csv")
    await bring(text.replace("{}", "First"))
    records = await model.all().count()
    progress = await write_list(report, SYSTEM, NOW)
    assert ([row.line for row in progress.refused_rows], progress.records) == (lines, 0)
    assert {row.status for row in progress.refused_rows} == {"error"}
    assert await model.all().count() == records


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    "text",
    [
        "kod;nazwa;rola_w_projekcie\nA;Urząd;gospodarz\nB;Policja;partner",
        "login;nazwa_roli;rola_w_systemie\naa;rola;member\nbb;rola;member",
        "kod;adres;miejscowosc\nB3;ul. Długa 3;Toruń\nB4;ul. Długa 4;Toruń",
        "kod;budynek;numer;nazwa_pl;typ;widocznosc_rezerwacji\nR-3;B1;3;Pokój;office;internal\n"
        "R-4;B1;4;Sala;meeting;public",
        "lp;nazwa_pl;cena_jedn_brutto;ilosc;rozmieszczenie\nZ1;Biurko;10;1;R-1:1\nZ2;Biurko;10;1;R-1:1",
        f"{HEADER}\nA/1;Krzesło;;1.4.2022;1;;;;;\n;Stół;;;1;;;;;",
    ],
)
async def test_every_kind_of_list_marks_how_far_it_came(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    milestones: list[tuple[int, int, bool]] = []

    async def milestone(line: int, records: int) -> None:
        milestones.append((line, records, transaction._writing.get()))

    monkeypatch.setattr(batches, "BATCH", 1)
    assert (await bring(text, milestone=milestone)).records == 2
    assert milestones == [(2, 1, True), (3, 2, True)]
    again = await bring(text.replace("A/1", "A/2"), beyond=3)
    assert again.records == 0, "what is behind the mark alone is written"


@pytest.mark.usefixtures("house")
async def test_an_asset_comes_with_tag_shares_history_and_search() -> None:
    events: list[RoomChanged] = []
    off = on(lambda event: events.append(event) if isinstance(event, RoomChanged) else None)
    progress = await bring(f"{HEADER}\nA/1;Krzesło;491;1.4.2022;0,03;0.01;SN1;FBW;;")
    off()
    asset = await Asset.get(inventory_no="A/1").select_related("room")
    assert (progress.records, progress.refused_rows) == (1, [])
    assert asset.room is not None
    assert (asset.room.code, asset.kst, asset.serial_no, asset.price) == ("R-1", "487", "SN1", Decimal("0.03"))
    assert "krzeslo a/1 sn1 487" in asset.search_text
    shares = await FundingShare.filter(asset_id=asset.id).order_by("id").values_list("grant__code", "amount")
    assert shares == [("G/1", Decimal("0.02")), (None, Decimal("0.01"))]
    assert check((await Tag.get(asset_id=asset.id)).code)
    entry = await HistoryEntry.get(object=f"asset:{asset.id}")
    assert (entry.action, entry.after["inventory_no"]) == ("imported", "A/1")
    assert [event.room_id for event in events] == [asset.room_id]
    assert (await seals.verify())[1] is None


@pytest.mark.usefixtures("house")
async def test_refused_rows_stay_out_and_a_second_import_changes_nothing() -> None:
    bad = "A/2;Stół;808;30.2.2022;10;0.01;;;;\nA/3;Lampa;808;;10;9.99;;;;"
    text = f"{HEADER}\nA/1;Krzesło;808;1.4.2022;10;0.01;;;;\n{bad}"
    progress = await bring(text)
    assert (progress.records, [row.line for row in progress.refused_rows]) == (1, [3, 4])
    again = await bring(text)
    assert (again.records, len(again.refused_rows)) == (0, 2)
    assert await Asset.all().count() == 1


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("number", ["A/1", "a / 1"])
async def test_a_number_taken_between_check_and_write_is_refused(number: str) -> None:
    report = await check_list(f"{HEADER}\nA/1;Krzesło;808;1.4.2022;10;0.01;;;;\nA/2;Stół;;;1;;;;;".encode(), "a.csv")
    await bring(f"{HEADER}\n{number};Inne;808;1.4.2022;10;0.01;;;;")
    progress = await write_list(report, SYSTEM, NOW)
    assert progress.records == 1
    assert [row.problems[-1].code for row in progress.refused_rows] == ["INVENTORY_NO_TAKEN"]
    assert (await Asset.get(inventory_no=number)).name == "Inne"


@pytest.mark.usefixtures("house")
async def test_pieces_without_a_number_become_records() -> None:
    await bring(f"{HEADER}\n;Krzesło;808;1.4.2022;10,00;0.01;;;;3")
    prices = await Asset.all().order_by("id").values_list("price", flat=True)
    assert prices == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


@pytest.mark.usefixtures("house")
async def test_the_pieces_of_a_line_keep_its_share_of_a_grant() -> None:
    await bring("Nazwa;Ilość;Wartość;Środki UE\nKrzesło;100;3335,00;TAK")
    shares = await FundingShare.exclude(grant_id=None).values_list("amount", flat=True)
    assert (len(shares), sum(shares)) == (100, Decimal("2501.25"))


@pytest.mark.usefixtures("house")
async def test_a_piece_without_a_price_keeps_its_grant() -> None:
    await bring("Nazwa;Wartość;Środki UE;Udział UE %\nKrzesło;;TAK;75\nStół;10;TAK;0\n")
    shares = await FundingShare.exclude(grant_id=None).order_by("id").values_list("grant__code", "amount")
    assert shares == [("G/1", Decimal("0.00")), ("G/1", Decimal("0.00"))]


@pytest.mark.usefixtures("house")
async def test_a_row_with_numbers_from_one_to_another_becomes_a_piece_each() -> None:
    text = "Nr inw.;Nazwa;Ilość;Wartość\n1021-1024;Krzesło;4;10,01\n31-32;Stół;2;5\n"
    choices = ListChoices(split=frozenset({"2", "3"}))
    report = await check_list(text.encode(), "a.csv", choices=choices)
    await bring("Nr inw.;Nazwa;Wartość\n32;Lampa;5")
    progress = await write_list(report, SYSTEM, NOW)
    pieces = await Asset.filter(name="Krzesło").order_by("id").values_list("inventory_no", "price", "quantity")
    assert pieces == [
        ("1021", Decimal("2.51"), 1), ("1022", Decimal("2.50"), 1), ("1023", Decimal("2.50"), 1),
        ("1024", Decimal("2.50"), 1),
    ]  # fmt: skip
    assert (await Asset.get(inventory_no="1023")).search_text.startswith("krzeslo 1023")
    assert [(row.line, row.problems[-1].text) for row in progress.refused_rows] == [(3, "32")]


@pytest.mark.usefixtures("house")
async def test_a_label_that_a_list_names_is_on_the_piece() -> None:
    codes = [new_code(bytes([number]) * RANDOM_BYTES) for number in range(4)]
    await Tag.create(code=codes[1], created_at=NOW)  # printed in advance
    lines = [f"A/{number};Krzesło;1;{code};1" for number, code in enumerate(codes)]
    report = await check_list(
        "\n".join(["Nr inw.;Nazwa;Cena;Kod etykiety;Ilość", *lines, f";Stół;2;{codes[0]};1"]).encode(), "a.csv"
    )
    assert [problem.code for problem in report.rows[4].problems][-1] == "DUPLICATE_TAG"
    await Tag.filter(code=codes[1]).update(asset_id=None)
    other = await Asset.create(name="Inne", price=1)
    await Tag.create(code=codes[2], asset_id=other.id, created_at=NOW)  # somebody was quicker
    progress = await write_list(report, SYSTEM, NOW)
    assert [row.problems[-1].code for row in progress.refused_rows] == ["DUPLICATE_TAG", "TAG_TAKEN"]
    tags = await Tag.filter(asset__inventory_no__not_isnull=True).order_by("asset__inventory_no")
    assert [tag.code for tag in tags] == [codes[0], codes[1], codes[3]]
    assert [len(await Tag.filter(code=code)) for code in codes] == [1, 1, 1, 1]


@pytest.mark.usefixtures("house")
async def test_a_piece_of_a_purchase_gets_the_label_of_the_list() -> None:
    await bring(PURCHASE + LINE)
    code = new_code(bytes(RANDOM_BYTES))
    await bring(f"Nr inw.;Nazwa;Poz. zakupu;Pokój;Kod etykiety\nA/1;Krzesło;Z1;R-1;{code}")
    assert (await Tag.get(code=code).select_related("asset")).asset.inventory_no == "A/1"


PURCHASE = "lp;nazwa_pl;cena_jedn_brutto;ilosc;wartosc_brutto;rozmieszczenie;data_przyjecia;nr_faktury\n"
LINE = "Z1;Krzesło;10;3;30;R-1:2|R-2:1;28.03.2022;FV/1"


@pytest.mark.usefixtures("house")
async def test_a_list_numbers_the_pieces_of_a_purchase() -> None:
    assert (await bring(PURCHASE + LINE)).records == 3
    purchase = await Purchase.get(code="Z1")
    assert (purchase.quantity, purchase.unit_price, purchase.invoice_no) == (3, Decimal(10), "FV/1")
    assert await Asset.all().order_by("id").values_list("room__code", flat=True) == ["R-1", "R-1", "R-2"]
    rows = "A/1;Krzesło;808;28.03.2022;10;R-1;S1;;Z1;\nA/2;Krzesło;808;28.03.2022;10;R-2;;;Z1;"
    more = "\nA/3;Krzesło;808;28.03.2022;10;R-2;;;Z1;"
    assert (await bring(f"{HEADER}\n{rows}{more}")).records == 3
    pieces = await Asset.all().order_by("id").values_list("inventory_no", "room__code")
    assert pieces == [("A/1", "R-1"), (None, "R-1"), ("A/2", "R-2"), ("A/3", "R-2")]
    numbered = await HistoryEntry.filter(action="numbered").values_list("after", flat=True)
    assert sorted(entry["inventory_no"] for entry in numbered) == ["A/1", "A/2"]
    assert (await seals.verify())[1] is None


@pytest.mark.usefixtures("house")
async def test_a_form_opened_before_a_piece_was_numbered_is_stale() -> None:
    await bring(PURCHASE + LINE.replace("3;30", "1;10").replace("R-1:2|R-2:1", "R-1:1"))
    before = await Asset.get()
    events: list[Event] = []
    off = on(events.append)
    await bring(f"{HEADER}\nA/1;Krzesło obrotowe;808;28.03.2022;10;R-1;S1;;Z1;")
    off()
    asset = await Asset.get()
    assert (asset.id, asset.inventory_no, asset.revision) == (before.id, "A/1", before.revision + 1)
    assert AssetChanged(asset.id) in events
    entry = await HistoryEntry.get(object=f"asset:{asset.id}", action="numbered")
    assert entry.before == {"inventory_no": None, "name": "Krzesło", "kst": "", "serial_no": ""}
    assert entry.after == {"inventory_no": "A/1", "name": "Krzesło obrotowe", "kst": "808", "serial_no": "S1"}
    with pytest.raises(Conflict, match="changed this meanwhile"):
        await correct(asset.id, {"inventory_no": None}, SYSTEM, NOW, before.revision)
    assert (await Asset.get()).inventory_no == "A/1"


@pytest.mark.usefixtures("house")
async def test_a_purchase_may_wait_for_the_list_of_its_pieces() -> None:
    assert (await bring(PURCHASE + LINE, pieces=False)).records == 1
    assert await Asset.all().count() == 0


@pytest.mark.usefixtures("house")
async def test_many_rows_come_in_batches() -> None:
    rows = "\n".join(f"A/{number};Krzesło;808;1.4.2022;10;R-{number % 2 + 1};;;;" for number in range(1201))
    assert (await bring(f"{HEADER}\n{rows}")).records == 1201
    ids = await Asset.all().order_by("id").values_list("id", flat=True)
    assert len(set(ids)) == 1201
    assert await Tag.all().count() == await HistoryEntry.filter(object__startswith="asset:").count() == 1201
    # ids that were reserved are not given again
    await Asset.create(name="Nowe", price=1)
    assert await Asset.all().count() == 1202


@pytest.mark.usefixtures("house")
async def test_what_has_no_place_yet_is_in_the_notes() -> None:
    await bring(f"{HEADER}\nA/1;Krzesło;808;1.4.2022;10;R-1;;nieznany fundusz;Z99;")
    asset = await Asset.get(inventory_no="A/1")
    assert asset.note == "Źródło finansowania: nieznany fundusz\nPoz. zakupu: Z99"
    assert await FundingShare.filter(asset_id=asset.id).values_list("grant_id", "amount") == [(None, Decimal(10))]


@pytest.mark.usefixtures("house")
async def test_a_file_from_end_to_end() -> None:
    text = f"{HEADER}\nA/1;Krzesło;808;1.4.2022;10;0.01;;;;\nA/2;Stół;808;30.2.2022;10;0.01;;;;".encode()
    look = await import_list(text, None, dry_run=True, actor=SYSTEM, now=NOW, filename="a.csv")
    assert (look.records, look.exit_code, await Asset.all().count()) == (None, 1, 0)
    outcome = await import_list(text, "assets", dry_run=False, actor=SYSTEM, now=NOW, filename="a.csv")
    assert (outcome.records, outcome.as_json()["written"], await Asset.all().count()) == (1, 1, 1)
    assert list(outcome.lines()) == [
        "Line 3, Data OT: 30.2.2022 – This day is not in the calendar. Correct the date.",
        "2 rows read: 1 accepted, 1 refused.",
        "1 records written.",
    ]
    rest = [f"{HEADER}\nA/3;Lampa;808;1.4.2022;10;0.01;;;;", HEADER]
    codes = [(await import_list(one.encode(), None, dry_run=False, actor=SYSTEM, now=NOW, filename="b.csv")).exit_code
             for one in rest]  # fmt: skip
    assert codes == [0, 2]
    empty = await import_list(f"{HEADER}\nA/4;Lampa;808;1.4.2022;10;0.01;;;;\n;RAZEM;;;11;;;;;".encode(), None,
                              dry_run=True, actor=SYSTEM, now=NOW, filename="c.csv")  # fmt: skip
    assert "The lines sum to 10.00. Check whether one is missing or misread." in list(empty.lines())


@pytest.mark.usefixtures("house")
async def test_a_report_of_the_problems_alone_tells_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are written while the list is read, and what was simply written is not kept."""
    monkeypatch.setattr(batches, "BATCH", 3)
    good = [f"A/{n};Krzesło;808;1.4.2022;10;0.01;;;;" for n in range(8)]
    text = "\n".join([HEADER, *good, "A/8;Stół;808;30.2.2022;10;0.01;;;;", "A/9;Lampa;808;;10;0.01;;;;",
                      "A/1;Fotel;808;1.4.2022;10;0.01;;;;", ";RAZEM;;;1;;;;;"]).encode()  # fmt: skip
    look = await import_list(text, None, dry_run=True, actor=SYSTEM, now=NOW, filename="a.csv")
    load = lists.load_snapshot

    async def load_and_lose(**more: Any) -> Any:
        snapshot = await load(**more)
        await Asset.create(inventory_no="A/5", name="Inne", price=1)  # somebody else is quicker
        return snapshot

    monkeypatch.setattr(lists, "load_snapshot", load_and_lose)
    outcome = await import_list(text, None, dry_run=False, actor=SYSTEM, now=NOW, filename="a.csv", problems_only=True)
    late, *others = outcome.lines()
    assert late.endswith("This number is already in the register. Correct it, or leave the line out.")
    assert others[:-2] == list(look.lines())[:-1]
    assert others[-2:] == ["11 rows read: 8 accepted, 3 refused.", "8 records written."]
    assert [row.line for row in outcome.report.rows] == [7, 10, 11, 12]
    assert (outcome.rows, outcome.exit_code, await Asset.all().count()) == (11, 1, 9)


@pytest.mark.usefixtures("database")
async def test_what_cannot_be_read_is_refused_in_words() -> None:
    with pytest.raises(Refusal, match=r"No row of lista\.csv names the columns"):
        await bring("ala;ma\n1;2")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("problems_only", [False, True])
async def test_what_is_bought_past_midnight_in_the_office_is_not_still_to_come(problems_only: bool) -> None:
    text = "Numer inwentarzowy;Nazwa;Wartość brutto;Data zakupu\r\nI/1;Lampa;1,00;27.11.2026\r\n".encode()
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    outcome = await import_list(
        text, "assets", dry_run=False, actor=SYSTEM, now=late, filename="a.csv", problems_only=problems_only
    )
    assert [problem.code for row in outcome.report.rows for problem in row.problems] == []
