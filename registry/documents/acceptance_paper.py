"""The OT as it is printed: every field that the office's list of fields asks for, in its order, and the OT-K that takes
one back. Pure.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from registry.documents.figures import amount, iso_day, percent
from registry.documents.rules import ACCEPTANCE, CORRECTION, PaperContents, PaperLine, PaperSource

ACCEPTANCES = frozenset({ACCEPTANCE, CORRECTION})
IN_LINES = "jak w pozycjach"
OWN_FUNDS = "środki własne"
# how the initial value is written off, by account; the rate of a fixed asset is the accountant's to write
_WRITE_OFF = {
    "011": "liniowa, stawka według KŚT (wpisuje księgowość)",
    "013": "100 %, jednorazowo w miesiącu przyjęcia",
    "020": "wartości niematerialne (wpisuje księgowość)",
    "poz": "nie dotyczy, ewidencja ilościowa",
}


def acceptance_fields(symbol: str, contents: PaperContents, reason: str, with_money: bool) -> list[list[str]]:
    """What stands above the table: of one piece all that is known of it, of many what they share."""
    one = contents.lines[0] if len(contents.lines) == 1 else None
    fields = [["Koryguje dokument", contents.corrects or IN_LINES]] if symbol == CORRECTION else []
    value = [["Wartość początkowa brutto", f"{amount(str(contents.total))} zł"]] if with_money else []
    return [
        *fields,
        ["Nazwa środka trwałego", _shared(line.name for line in contents.lines)],
        ["Charakterystyka, nr fabryczny", _shared(_described(line) for line in contents.lines)],
        ["Dostawca, wykonawca", "; ".join(_supplier(source, contents) for source in contents.sources)],
        ["Nr i data dowodu dostawy, faktury", "; ".join(_invoice(source, contents) for source in contents.sources)],
        ["Data przyjęcia do używania", iso_day(contents.accepted_on) or IN_LINES],
        *value,
        ["Symbol KŚT", _shared(line.kst for line in contents.lines)],
        ["Numer inwentarzowy", _shared(line.inventory_no for line in contents.lines)],
        ["Stawka i metoda amortyzacji", _written_off(contents.lines)],
        ["Konto", ", ".join(sorted({line.account for line in contents.lines if line.account}))],
        ["Miejsce użytkowania", contents.goes_to or ("" if one else IN_LINES)],
        ["Osoba materialnie odpowiedzialna", contents.is_with or ("" if one else IN_LINES)],
        ["Uwagi, podstawa", reason],
    ]


def acceptance_table(contents: PaperContents, with_money: bool) -> tuple[list[str], list[list[str]]]:
    """The pieces: of each what all do not share."""
    lines = contents.lines
    has_place = any(line.goes_to or line.is_with for line in lines)
    has_day, corrects = not contents.accepted_on, bool(lines) and bool(lines[0].corrects) and not contents.corrects
    has_serial, says_more = any(line.serial_no for line in lines), len({line.description for line in lines}) > 1
    columns = ["Lp.", "Numer inwentarzowy", "Nazwa", *(["Nr seryjny"] if has_serial else []), "KŚT"]
    columns += ["Miejsce, osoba"] if has_place else []
    columns += ["Przyjęto"] if has_day else []
    columns += ["Koryguje"] if corrects else []
    columns += ["Ilość", *(["Wartość zł"] if with_money else [])]
    rows = []
    for number, line in enumerate(lines, 1):
        name = f"{line.name} ({line.description})" if says_more and line.description else line.name
        serial = [line.serial_no or "–"] if has_serial else []
        cells = [str(number), line.inventory_no or "–", name, *serial, line.kst or "–"]
        cells += [", ".join(filter(None, (line.goes_to, line.is_with))) or "–"] if has_place else []
        cells += [iso_day(line.acquired_on) or "–"] if has_day else []
        cells += [line.corrects] if corrects else []
        rows.append([*cells, str(line.quantity), *([amount(line.value)] if with_money else [])])
    return columns, rows


def funding_rows(contents: PaperContents, with_money: bool) -> list[list[str]]:
    """What paid for the pieces: the fund, its project, its percent, and the amount for who may see money."""
    rows = []
    for one in contents.funding:
        share = percent(Decimal(one.amount), contents.total)
        money = [amount(one.amount)] if with_money else []
        rows.append([one.fund or OWN_FUNDS, one.grant or "–", share or "–", *money])
    return rows


def _shared(values: Iterable[str]) -> str:
    """What all lines say; else that each says its own."""
    texts = set(values)
    return texts.pop() if len(texts) == 1 else IN_LINES


def _described(line: PaperLine) -> str:
    return ", ".join(filter(None, (line.description, f"nr {line.serial_no}" if line.serial_no else "")))


def _supplier(source: PaperSource, contents: PaperContents) -> str:
    return _of_places(", ".join(filter(None, (source.supplier, source.contract))), source, contents)


def _invoice(source: PaperSource, contents: PaperContents) -> str:
    day = iso_day(source.invoiced_on)
    text = f"{source.invoice_no} z {day}" if source.invoice_no and day else source.invoice_no
    return _of_places(text, source, contents)


def _of_places(text: str, source: PaperSource, contents: PaperContents) -> str:
    """With the lines that it is about, where not all are."""
    return f"{text or '–'} (poz. {source.places})" if len(contents.sources) > 1 else text


def _written_off(lines: Sequence[PaperLine]) -> str:
    accounts = sorted({line.account for line in lines})
    ways = [_WRITE_OFF.get(one, "") for one in accounts]
    if len(accounts) > 1:
        ways = [f"{one}: {way}" for one, way in zip(accounts, ways, strict=True) if way]
    return "; ".join(ways)
