"""Lists as offices send them: encodings, delimiters, headers anywhere, totals, footers, bad rows."""

import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.core.errors import Invalid, NotFound, Refusal
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.report import ImportReport
from registry.importing.rows import HINTS, ImportProblem
from registry.importing.snapshot import GrantTerms, RegisterSnapshot
from registry.importing.texts import decoded, encoding_of
from registry.people.models import Role
from registry.people.rules import grantable_roles
from tests.registry.importing.samples import EXPECTED, SAMPLES, differences

ROOMS = {"PP-01": "0.01", "PP-02": "0.02", "PP-08": "0.08", "PP-11": "0.11", "ZW-02": "1.02", "PP-10": "0.10"}
GRANT = GrantTerms(7, "PL/2020/PR/0111", "Fundusz Bezpieczeństwa Wewnętrznego", Decimal(75))
HEADER = "Nr inw.;Nazwa;KŚT;Data OT;Wartość;Pokój;Nr seryjny"


def office(**more: Any) -> RegisterSnapshot:
    ids = {code: pk for pk, code in enumerate(ROOMS, 1)}
    return RegisterSnapshot(
        rooms={code.lower(): pk for code, pk in ids.items()},
        room_codes={pk: code for code, pk in ids.items()},
        room_numbers={number: [ids[code]] for code, number in ROOMS.items()},
        room_names={"pokoj infolinii": [ids["PP-02"]], "sala": [ids["PP-08"], ids["PP-11"]]},
        **{"grants": [GRANT]} | more,
    )


def report_of(
    source: Path | bytes | str, snapshot: RegisterSnapshot | None = None, name: str = "lista.csv"
) -> ImportReport:
    content = source.encode() if isinstance(source, str) else source
    layout = find_list(read(content, name if isinstance(content, bytes) else ""))
    return judge(layout, snapshot or office())


def codes(report: ImportReport) -> list[list[str]]:
    return [[problem.code for problem in row.problems] for row in report.rows]


@pytest.mark.parametrize("snapshot", [RegisterSnapshot(), office()], ids=["empty register", "office"])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_samples_read_as_they_should(name: str, snapshot: RegisterSnapshot) -> None:
    report = report_of(SAMPLES / name, snapshot).as_json()
    assert differences(report, EXPECTED[name]) == []
    json.dumps(report)


@pytest.mark.parametrize(
    ("above", "skipped"),
    [
        ("", []),
        ("Wykaz\n", ["title"]),
        ("\n", ["blank"]),
        ("\nWykaz\n\n", ["title", "blank 2"]),
        ("Urząd\nWykaz\n", ["preamble 2"]),
        ("Urząd\n\nWykaz\n\n", ["preamble 4"]),
    ],
)
def test_what_stands_above_the_header_is_told(above: str, skipped: list[str]) -> None:
    assert report_of(f"{above}{HEADER}\nA/1;A;808;1.4.2022;1;;").skipped == skipped


def test_blank_lines_above_and_below_a_title_are_counted_together() -> None:
    assert report_of(f"Wykaz\n\n{HEADER}\nA/1;A;808;1.4.2022;1;;\n\n").skipped == ["title", "blank 2"]


def test_a_refused_row_says_where_what_and_what_to_do() -> None:
    row = report_of(SAMPLES / "A_wykaz_cp1250.csv").as_json()["rows"][4]
    assert row["line"] == 10
    assert row["problems"] == [
        {"code": "INVALID_DATE", "column": "Data zakupu", "given": "30.02.2022",
         "hint": "This day is not in the calendar. Correct the date."}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1250", "windows-1250"), ("iso8859_2", "iso-8859-2"),
     ("cp852", "cp852"), ("utf-16", "utf-16")],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_every_encoding_and_delimiter_reads_the_same(codec: str, name: str, delimiter: str) -> None:
    rows = [
        ["Nr inw.", "Nazwa składnika", "KŚT", "Wartość brutto", "Pokój"],
        ["A/1", "Krzesło „Żuraw”" if codec in ("utf-8", "utf-8-sig", "cp1250", "utf-16") else "Krzesło Żuraw", "808",
         '"1 290,00 zł"', "0.02"],
        ["A/2", "Półka wąska, śliwa źdźbło", "808", '"240,-"', "PP-11"],
    ]  # fmt: skip
    rows[2][1] = f'"{rows[2][1]}"'
    report = report_of("\r\n".join(delimiter.join(row) for row in rows).encode(codec))
    assert (report.sheet.encoding, report.sheet.delimiter) == (name, delimiter)
    assert [row.values["name"][:9] for row in report.rows] == ["Krzesło Ż" if codec in ("cp852", "iso8859_2") else
                                                              "Krzesło „", "Półka wąs"]  # fmt: skip
    assert [row.values["value"] for row in report.rows] == [Decimal("1290.00"), Decimal("240.00")]
    assert [row.values["room_code"] for row in report.rows] == ["PP-02", "PP-11"]


def test_mazovia_of_the_oldest_programs() -> None:
    content = bytes([ord("p"), 0xA2, 0x92, ord("k"), ord("a"), 32, ord("w"), 0x86, ord("s"), ord("k"), ord("a")])
    assert encoding_of(content) == "mazovia"
    assert decoded(content, "mazovia") == "półka wąska"


@pytest.mark.parametrize("codec", ["cp1250", "iso8859_2", "cp852"])
@pytest.mark.parametrize("text", ["łąka", "ŻÓŁĆ", "Książka", "źródło", "Święto", "wąż", "Łódź", "PÓŁKA WĄSKA"])
def test_a_few_letters_are_enough(codec: str, text: str) -> None:
    content = f"Nazwa;Opis\r\n{text};przedmiot ze śladami zużycia\r\n".encode(codec)
    assert decoded(content, encoding_of(content)) == content.decode(codec)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end(line_end: str) -> None:
    assert (
        len(report_of(line_end.join([HEADER, "A/1;Biurko;808;1.4.2022;10;0.02;", "A/2;B;808;1.4.2022;1;;"])).rows) == 2
    )


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_old_and_open_spreadsheets(suffix: str) -> None:
    report = report_of(SAMPLES / f"F_ewidencja.{suffix}", office()).as_json()
    assert (report["format"], report["encoding"], report["header_row"]) == (suffix, None, 3)
    assert [row["values"]["inventory_no"] for row in report["rows"]] == ["00045", "46", "00047"]
    assert [row["values"]["acquired_on"] for row in report["rows"]] == ["2022-05-02", "2022-05-09", "2022-04-01"]
    # a spreadsheet made 0.1 out of room 0.10; PP-03 does not exist here
    assert [row["values"].get("room_code") for row in report["rows"]] == ["PP-02", "PP-10", None]
    assert report["control_total"] == {"given": "5580.50", "computed": "5580.50"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A/1;Biurko;808;1.4.2022;10,00;0.02;S1", []),
        ("A/1;Biurko;808;1.4.2022;10,00;pok. 0.02;S1", []),
        ("A/1;;808;1.4.2022;10,00;0.02;S1", ["NO_NAME"]),
        ("A/1;Biurko;808;1.4.2022;dużo;0.02;S1", ["INVALID_VALUE"]),
        ("A/1;Biurko;808;1.4.2022;-10,00;0.02;S1", ["NEGATIVE_VALUE"]),
        ("A/1;Biurko;808;1.4.2022;;0.02;S1", ["NO_VALUE"]),
        ("A/1;Biurko;808;1.4.2022;10,00;9.99;S1", ["UNKNOWN_ROOM"]),
        ("A/1;Biurko;meble;1.4.2022;10,00;0.02;S1", ["INVALID_KST"]),
        ("A/1;Biurko;808;1.4.2022;10,00;0.02;6.37702E+15", ["SCIENTIFIC_NOTATION"]),
        (f"{'A' * 61};Biurko;808;1.4.2022;10,00;0.02;", ["TOO_LONG"]),
        ("a / 1;Biurko;808;1.4.2022;10,00;0.02;S1", []),
        ("A/1;Biurko;808;1.4.2022;10,00;10.7;S1", ["UNKNOWN_ROOM"]),
        ("ZAJETY;Biurko;808;1.4.2022;10,00;0.02;S1", ["INVENTORY_NO_TAKEN"]),
        (";Biurko;491;;10,00;0.02;", ["NO_INVENTORY_NO", "KST_491_MAPPED_TO_487", "NO_DATE"]),
    ],
)
def test_what_is_said_about_a_row(line: str, expected: list[str]) -> None:
    assert codes(report_of(f"{HEADER}\n{line}", office(inventory_keys={"zajety"}))) == [expected]


def test_the_rest_is_still_taken() -> None:
    report = report_of(f"{HEADER}\nA/1;A;808;1.4.2022;1;9.99;\nA/2;B;808;1.4.2022;1;0.02;\nA/3;C;808;31.4.2022;1;;")
    assert [row.status for row in report.rows] == ["error", "ok", "error"]
    assert [row.values["name"] for row in report.accepted_rows] == ["B"]
    assert [row.line for row in report.refused_rows] == [2, 4]


def test_a_number_is_the_same_in_any_case_and_spacing() -> None:
    report = report_of(f"{HEADER}\nA/1;A;808;1.4.2022;1;;\na / 1;B;808;1.4.2022;1;;")
    assert codes(report) == [[], ["DUPLICATE_INVENTORY_NO"]]
    assert report.rows[1].problems[0].hint(str) == "Line 2 has the same number. Give each piece its own."


def test_a_room_number_of_two_houses_wants_a_code() -> None:
    snapshot = office()
    snapshot.room_numbers["0.02"] = [1, 2]
    report = report_of(f"{HEADER}\nA/1;A;808;1.4.2022;1;0.02;\nA/2;B;808;1.4.2022;1;pp-02;", snapshot)
    assert codes(report) == [["AMBIGUOUS_ROOM"], []]
    assert "PP-01, PP-02" in report.rows[0].problems[0].hint(str)


def test_american_dates_show_in_the_column() -> None:
    report = report_of(f"{HEADER}\nA/1;A;808;04/05/2022;1;;\nA/2;B;808;04/30/2022;1;;")
    assert [str(row.values["acquired_on"]) for row in report.rows] == ["2022-04-05", "2022-04-30"]


def test_repeated_headers_and_page_totals_are_left_out() -> None:
    text = (
        f"{HEADER}\nA/1;A;808;1.4.2022;10;;\n;Do przeniesienia;;;10;;\n{HEADER}\nA/2;B;808;1.4.2022;5;;\n;Ogółem;;;16;;"
    )
    report = report_of(text)
    assert report.skipped == ["total row Do", "repeated header", "total row Ogółem"]
    assert (report.control_total, report.computed_total) == (Decimal(16), Decimal(15))
    assert [notice.code for notice in report.notices] == ["CONTROL_TOTAL_DIFFERS"]
    assert report.notices[0].hint(str) == "The lines sum to 15.00. Check whether one is missing or misread."


@pytest.mark.parametrize(
    ("cells", "percents", "problems"),
    [
        ("FBW;75", {7: Decimal(75)}, []),
        ("PL/2020/PR/0111;", {7: Decimal(75)}, []),
        ("Fundusz Bezpieczeństwa Wewnętrznego;50 %", {7: Decimal(50)}, []),
        ("środki własne;0", {}, []),
        (";0,75", {7: Decimal(75)}, ["SHARE_AS_FRACTION"]),
        ("inny fundusz;75", {}, ["UNKNOWN_GRANT"]),
        ("FBW;120", {7: Decimal(75)}, ["INVALID_SHARE"]),
    ],
)
def test_funding(cells: str, percents: dict[int, Decimal], problems: list[str]) -> None:
    report = report_of(f"Nr inw.;Nazwa;Wartość;Źródło finansowania;Udział UE %\nA/1;A;100;{cells}")
    assert report.rows[0].refs.get("percents", {}) == percents
    assert codes(report) == [problems]


TWO_GRANTS = [GRANT, GrantTerms(8, "G/1", "Inny fundusz", Decimal(50)), GrantTerms(9, "G/10", "", Decimal(40))]


@pytest.mark.parametrize(
    ("cells", "percents", "problems"),
    [
        ("FBW: 50 % | G/1: 30 %;", {7: Decimal(50), 8: Decimal(30)}, []),
        ("PL/2020/PR/0111:50%|g/1:12,5%;62,5", {7: Decimal(50), 8: Decimal("12.5")}, []),
        ("G/10: 10 %;10", {9: Decimal(10)}, []),
        ("G/10;", {9: Decimal(40)}, []),
        ("G/1;", {8: Decimal(50)}, []),
        ("G/1: 50 % | G/10: 30 %;75", {8: Decimal(50), 9: Decimal(30)}, ["SHARES_MISMATCH"]),
        ("G/1: 50 % | G/1: 30 %;", {}, ["INVALID_SHARES"]),
        ("G/1: 50 % | G/10: 51 %;", {}, ["INVALID_SHARES"]),
        ("G/1: 500 %;", {}, ["INVALID_SHARE"]),
        ("G/1: 50 % | nikt: 30 %;", {8: Decimal(50)}, ["UNKNOWN_GRANT"]),
        ("G/1: 50 % | G/10;", {}, ["UNKNOWN_GRANT"]),
    ],
)
def test_several_grants_of_one_piece(cells: str, percents: dict[int, Decimal], problems: list[str]) -> None:
    report = report_of(f"Nr inw.;Nazwa;Wartość;Grant;Udział UE %\nA/1;A;100;{cells}", office(grants=TWO_GRANTS))
    assert codes(report) == [problems]
    assert report.rows[0].refs.get("percents", {}) == percents or report.rows[0].status == "error"
    if "UNKNOWN_GRANT" in problems:
        assert report.rows[0].note() == f"Grant: {cells.rstrip(';')}"


def test_what_the_register_lacks_is_kept() -> None:
    report = report_of("Nr inw.;Nazwa;Pokój;Środki UE;OMO;Status\nA/1;A;0.02;TAK;kto;zaginiony", RegisterSnapshot())
    assert [notice.code for notice in report.notices] == ["NO_VALUE", "NO_ROOMS", "NO_GRANTS"]
    lines = {"Pokój: 0.02", "Środki UE: TAK", "OMO: kto", "Status: zaginiony"}
    assert set(report.rows[0].note().split("\n")) == lines
    assert codes(report) == [["UNKNOWN_CUSTODIAN", "UNKNOWN_STATUS"]]


def test_a_line_without_a_number_becomes_its_pieces() -> None:
    report = report_of("Nr inw.;Nazwa;Ilość;Cena jedn.\n;Krzesło;3;10,00\nA/1;Stół;2;5")
    assert codes(report) == [["NO_INVENTORY_NO", "SPLIT_INTO_PIECES"], ["QTY_GT_1"]]
    assert [row.values["value"] for row in report.rows] == [Decimal("30.00"), Decimal("10.00")]


def test_a_price_of_one_is_not_the_value_of_all() -> None:
    report = report_of("Nr inw.;Nazwa;Ilość;Cena;\nA/1;Stół;2;5\n")
    assert report.rows[0].values["value"] == Decimal("10.00")
    report = report_of("Nr inw.;Nazwa;Ilość;Cena jedn.;Wartość\nA/1;Stół;2;5;11\n")
    assert codes(report) == [["VALUE_MISMATCH", "QTY_GT_1"]]


PURCHASES = "lp;nazwa_pl;cena_jedn_brutto;ilosc;wartosc_brutto;rozmieszczenie;data_przyjecia;gwarancja_mies;ewidencja"


@pytest.mark.parametrize(
    ("line", "problems"),
    [
        ("Z1;Biurko;10;3;30;PP-01:2|PP-02:1;28.03.2022;36;ilościowo-wartościowa", []),
        ("Z1;Biurko;10;3;30;PP-01:2;28.03.2022;36;", ["SPREAD_MISMATCH"]),
        ("Z1;Biurko;10;3;30;PP-01;28.03.2022;36;", ["INVALID_SPREAD"]),
        ("Z1;Biurko;10;3;30;PP-99:3;28.03.2022;36;", ["UNKNOWN_ROOM"]),
        (";Biurko;10;3;30;PP-01:3;28.03.2022;0;", ["NO_CODE"]),
        ("Z1;;10;3;30;PP-01:3;28.03.2022;dużo;", ["NO_NAME", "INVALID_NUMBER"]),
        ("Z9;Biurko;10;3;30;PP-01:3;28.03.2022;36;", ["CODE_TAKEN"]),
        ("Z1;Biurko;10;3;30;;28.03.2022;36;ilościowa", []),
    ],
)
def test_purchases(line: str, problems: list[str]) -> None:
    report = report_of(f"{PURCHASES}\n{line}", office(purchases={"z9": 9}))
    assert report.kind == "purchases"
    assert codes(report) == [problems]
    if not problems:
        assert str(report.rows[0].values["warranty_until"]) == "2025-03-28"
    if not problems and "PP" in line:
        assert report.rows[0].refs["spread"] == [(1, 2), (2, 1)]


def test_a_serial_number_that_comes_twice_is_looked_at() -> None:
    report = report_of(f"{HEADER}\nA/1;A;808;1.4.2022;1;;SN1\nA/2;B;808;1.4.2022;1;;sn1")
    assert codes(report) == [[], ["DUPLICATE_SERIAL_NO"]]


def test_a_total_that_is_no_amount_is_left_out() -> None:
    report = report_of(f"{HEADER}\nA/1;A;808;1.4.2022;1;;\n;Razem;;;jeden;;\n;Razem;;;;;")
    assert (report.control_total, len(report.rows), report.notices) == (None, 1, [])


def test_purchases_before_there_are_rooms_keep_where_things_go() -> None:
    report = report_of(f"{PURCHASES};uwagi\nZ1;Biurko;10;1;10;PP-01:1;28.03.2022;0;;pilne", RegisterSnapshot())
    assert codes(report) == [[]]
    assert report.rows[0].note() == "pilne\nrozmieszczenie: PP-01:1"
    assert report.rows[0].values["note"] == "pilne"


def test_a_purchase_comes_once() -> None:
    line = "Z1;Biurko;10;1;10;PP-01:1;28.03.2022;36;"
    assert codes(report_of(f"{PURCHASES}\n{line}\n{line}")) == [[], ["DUPLICATE_CODE"]]


@pytest.mark.parametrize(
    ("text", "kind", "problems"),
    [
        ("kod;budynek;numer;nazwa_pl;typ;widocznosc_rezerwacji\nX;B;1;Sala;office;internal", "rooms", []),
        ("kod;budynek;numer;nazwa_pl;typ;widocznosc_rezerwacji\nX;Z;1;Sala;pałac;tajny", "rooms",
         ["INVALID_CHOICE", "INVALID_CHOICE", "UNKNOWN_BUILDING"]),
        ("kod;budynek;numer;nazwa_pl;pojemnosc;rezerwowalny\nPP-01;B;1;;wiele;może", "rooms",
         ["INVALID_NUMBER", "INVALID_YES_NO", "NO_NAME", "CODE_TAKEN"]),
        ("kod;budynek;numer;nazwa_pl;pojemnosc;powierzchnia\nX;B;1;Sala;99999;-5\nX;B;1;Sala;1;12,5", "rooms",
         ["INVALID_NUMBER", "INVALID_NUMBER"]),
        ("kod;budynek;numer;nazwa_pl;pietro;pojemnosc\nX;B;1;Sala;-10;9999", "rooms", ["INVALID_NUMBER"]),
        ("kod;budynek;numer;nazwa_pl;pietro;pojemnosc\nX;B;1;Sala;99;10000", "rooms", ["INVALID_NUMBER"]),
        ("kod;budynek;numer;nazwa_pl;pietro;pojemnosc\nX;B;1;Sala;-9;9999", "rooms", []),
        ("kod;adres;miejscowosc\n;Miasto", "buildings", ["NO_CODE"]),
        ("kod;adres;miejscowosc\nC;Miasto, ul. Długa 1;Miasto", "buildings", []),
        ("login;nazwa_roli;organizacja;rola_w_systemie\nxx;rola;KPUW;member", "people", []),
        ("login;nazwa_roli;organizacja;rola_w_systemie\nxx;rola;NIKT;szef", "people",
         ["INVALID_CHOICE", "UNKNOWN_INSTITUTION"]),
        ("kod;nazwa;rola_w_projekcie\nABC;Urząd;gospodarz", "institutions", []),
        (f"kod;nazwa;rola_w_projekcie\n{'A' * 41};Urząd;gospodarz", "institutions", ["TOO_LONG"]),
        ("kod;nazwa;rola_w_projekcie\nnew;Urząd;gospodarz", "institutions", ["INVALID_CODE"]),
        ("kod;nazwa;rola_w_projekcie\nA/B;Urząd;gospodarz", "institutions", ["INVALID_CODE"]),
    ],
)  # fmt: skip
def test_places_and_people(text: str, kind: str, problems: list[str]) -> None:
    report = report_of(text, office(buildings={"b": 1}, institutions={"kpuw": 1}))
    assert report.kind == kind
    assert codes(report)[0] == problems
    assert codes(report)[1:] in ([], [["DUPLICATE_CODE"]])


@pytest.mark.parametrize(
    ("cell", "login", "problems"),
    [
        ("anna.kowalska", "anna.kowalska", []),
        (" Anna.Kowalska ", "anna.kowalska", []),
        ("jan kowal ski", "jan kowal ski", ["INVALID_LOGIN"]),
        ("łukasz", "łukasz", ["INVALID_LOGIN"]),
        ("a", "a", ["INVALID_LOGIN"]),
        ("a" * 65, "a" * 65, ["TOO_LONG", "INVALID_LOGIN"]),
        ("new", "new", ["INVALID_LOGIN"]),
        ("ALA", "ala", ["CODE_TAKEN"]),
        ("", "", ["NO_CODE"]),
    ],
)
def test_logins_have_one_rule(cell: str, login: str, problems: list[str]) -> None:
    report = report_of(f"login;nazwa_roli;rola_w_systemie\n{cell};rola;member", office(people={"ala": 1}))
    assert report.rows[0].values["login"] == login
    assert codes(report) == [problems]


@pytest.mark.parametrize(
    ("cell", "problems"),
    [("recepcja@urzad.example", []), ("", []), ("recepcja", ["INVALID_MAIL"]), ("a@b.pl c@d.pl", ["INVALID_MAIL"])],
)
def test_a_mail_address_of_a_list_is_one(cell: str, problems: list[str]) -> None:
    report = report_of(f"Login;Nazwa;Rola;E-mail\nala.k;ala;member;{cell}")
    assert report.rows[0].values["mail"] == cell
    assert codes(report) == [problems]


def test_a_mail_address_with_a_line_break_is_refused() -> None:
    report = report_of('Login;Nazwa;Rola;E-mail\nala.k;ala;member;"a@b.pl\nBcc: c@d.pl"')
    assert codes(report) == [["INVALID_MAIL"]]


def test_two_spellings_of_one_login_are_one() -> None:
    text = "login;nazwa_roli;rola_w_systemie\nAnna.Kowalska;rola;member\nanna.kowalska;rola;member"
    assert codes(report_of(text)) == [[], ["DUPLICATE_CODE"]]


@pytest.mark.parametrize("role", Role)
def test_only_who_manages_accounts_gives_roles(role: Role) -> None:
    text = f"login;nazwa_roli;rola_w_systemie\nxx;rola;{role}"
    assert codes(report_of(text, office(roles=grantable_roles(Role.ADMIN)))) == [[]]
    report = report_of(text, office(roles=grantable_roles(Role.FACILITIES)))
    assert codes(report) == [[] if role is Role.MEMBER else ["ROLE_NOT_YOURS"]]


BUILDINGS = "kod;adres;miejscowosc"


@pytest.mark.parametrize(
    ("lines", "towns", "problems"),
    [
        (["A;ul. Długa 1;Łódź", "B;ul. Długa 2;Lodz"], {}, [[], ["TOWN_SPELT_OTHERWISE"]]),
        (["A;ul. Długa 1;Łódź", "B;ul. Długa 2;łódź"], {}, [[], []]),
        (["A;ul. Długa 1;Lodz"], {"lodz": "Łódź"}, [["TOWN_SPELT_OTHERWISE"]]),
        (["A;ul. Długa 1;Łódź"], {"oddzial": "Łódź"}, [[]]),
        (["A;Lodz, ul. Długa 1;"], {"lodz": "Łódź"}, [["TOWN_SPELT_OTHERWISE"]]),
        ([f"A;ul. Długa 1;{'a' * 50}b", f"B;ul. Długa 1;{'a' * 50}c"], {}, [[], ["TOWN_SPELT_OTHERWISE"]]),
        ([";ul. Długa 1;Lodz", "B;ul. Długa 2;Łódź"], {}, [["NO_CODE"], []]),
    ],
)  # fmt: skip
def test_a_town_has_one_spelling(lines: list[str], towns: dict[str, str], problems: list[list[str]]) -> None:
    report = report_of("\n".join([BUILDINGS, *lines]), office(towns=towns))
    assert codes(report) == problems


def test_a_town_spelt_otherwise_says_how_the_other_is_spelt() -> None:
    report = report_of(f"{BUILDINGS}\nA;ul. Długa 1;Łódź\nB;ul. Długa 2;Lodz")
    problem = report.rows[1].problems[0]
    assert (problem.column, problem.text) == ("miejscowosc", "Lodz")
    assert problem.hint(str) == "Another line or the register spells this town Łódź. Write it the same way."


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "import.unreadable"),
        (b"   \n", "a.csv", "import.unreadable"),
        (b"PK\x03\x04 no spreadsheet", "a.xlsx", "import.unreadable"),
        (b"\xd0\xcf\x11\xe0 no spreadsheet", "a.xls", "import.unreadable"),
        (bytes(range(256)) * 8 + b"\x00" * 400, "a.csv", "import.unreadable"),
        (b"ala;ma;kota\n1;2;3", "a.csv", "import.no_header"),
        (b"x\n" * 20 + HEADER.encode(), "a.csv", "import.no_header"),
    ],
)
def test_what_cannot_be_read_is_refused_whole(content: bytes, name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        report_of(content, name=name)
    assert refused.value.code == code


def test_no_file_and_no_such_kind() -> None:
    with pytest.raises(NotFound):
        read(SAMPLES / "none.csv")
    with pytest.raises(Invalid):
        read(SAMPLES)
    with pytest.raises(Invalid):
        find_list(read(SAMPLES / "A_wykaz_cp1250.csv"), "boats")
    with pytest.raises(Invalid) as other:
        find_list(read(SAMPLES / "A_wykaz_cp1250.csv"), "people")
    assert (other.value.code, other.value.params["kind"]) == ("import.other_kind", "assets")
    with pytest.raises(Invalid) as rooms:
        find_list(read(b"kod;budynek;numer;nazwa_pl;typ;uwagi\nX;B;1;Sala;office;nic", "rooms.csv"), "assets")
    assert rooms.value.params["kind"] == "rooms"
    with pytest.raises(Invalid):
        read("Nazwa;Wartość\nKrzesło;1".encode(), "a.csv", encoding="ascii")


def test_a_quotation_mark_that_never_closes_costs_its_row_alone() -> None:
    big = f'A/1;"{"x" * 200_000};808;1.4.2022;1;;'
    report = report_of(f"{HEADER}\nA/0;A;808;1.4.2022;1;;\n{big}\nA/2;B;808;1.4.2022;1;;")
    assert codes(report)[0] == []
    assert "UNREADABLE_ROW" in codes(report)[1]


def test_a_quotation_mark_that_never_closes_swallows_no_other_row() -> None:
    report = report_of(f'{HEADER}\nA/0;"A\nB";808;1.4.2022;1;;\nA/1;"B;808;1.4.2022;1;;\nA/2;C;808;1.4.2022;1;;')
    assert [row.line for row in report.rows] == [2, 4, 5]
    assert [problems[:1] for problems in codes(report)] == [[], ["UNREADABLE_ROW"], []]
    assert [row.values.get("name") for row in report.rows] == ["A\nB", None, "C"]
    (last,) = codes(report_of(f'{HEADER}\nA/1;"B;808;1.4.2022;1;;'))
    assert last[0] == "UNREADABLE_ROW"


def test_every_problem_has_words() -> None:
    names = ("reason", "limit", "line", "choices", "rooms", "spread", "quantity", "computed", "percent",
             "role", "town", "first", "last", "title", "winner", "sheet", "unit")  # fmt: skip
    for code in HINTS:
        assert ImportProblem(code, "", "", dict.fromkeys(names, "x")).hint(str)


@given(st.binary(max_size=400))
def test_no_file_breaks_the_importer(content: bytes) -> None:
    with contextlib.suppress(Refusal):
        report_of(HEADER.encode() + b"\n" + content).as_json()
