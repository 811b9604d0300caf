"""A document as a PDF that a screen reader can read (PDF/UA), set by typst from ``paper.typ``, and its bytes as they
were printed first.
"""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from registry.core.aside import aside
from registry.core.history import SYSTEM
from registry.core.transaction import transaction
from registry.documents.acceptance_paper import ACCEPTANCES, acceptance_fields, acceptance_table, funding_rows
from registry.documents.figures import amount, day_of, iso_day
from registry.documents.models import Document
from registry.documents.queries import DocumentState
from registry.documents.rules import ACCEPTANCE, LOAN_TITLE, RETURN_TITLE, SYMBOLS, PaperLine, Side
from registry.files.actions import NewAttachment, attach, store
from registry.files.models import AttachmentKind
from registry.files.queries import attachments_of, content_of
from registry.labels.faces import emblem_svg
from registry.labels.pdf import EMBLEM, accessible_pdf
from registry.labels.queries import LabelOffice
from registry.rooms.queries import office_zone

LARGEST = 50_000_000
# a printed paper is Polish, whoever prints it
SIDES = {
    Side.GIVER: "przekazujący",
    Side.TAKER: "przejmujący",
    Side.APPROVER: "zatwierdzający",
    Side.COMMITTEE: "komisja odbioru",
    Side.ACCOUNTANT: "księgowość",
}
# the same sides of an acceptance
_OF_ACCEPTANCE = {Side.TAKER: "przyjmujący", Side.APPROVER: "kierownik jednostki"}
_PLACES = {"MT", "PW"}


async def printed(state: DocumentState, office: LabelOffice, with_money: bool, now: datetime) -> bytes:
    """The PDF of a document in this state, the same bytes each time: the first print is kept with the document. Who
    signs or cancels it makes another state, whose paper says so. For who may not see money it is a paper of its own,
    without values.
    """
    document = state.document
    title = f"{document.number} r{document.revision}" + ("" if with_money else " bez wartości")
    thing = f"document:{document.id}"
    for attachment in await attachments_of(thing, [AttachmentKind.PROTOCOL]):
        if attachment.title == title:
            return b"".join([part async for part in await content_of(attachment.file)])
    zone = await office_zone()
    moment = max([document.issued_at, *(one.at for one in state.signatures), *filter(None, [document.cancelled_at])])
    content: bytes = await aside(pdf, state, office, zone, moment, with_money)
    file = await store(content, f"{document.number.replace('/', '-')}.pdf", LARGEST)
    async with transaction():
        locked = await Document.select_for_update().get(id=document.id)
        if locked.revision == document.revision:
            await attach([thing], NewAttachment(file, AttachmentKind.PROTOCOL, title), SYSTEM, now)
    return content


def pdf(state: DocumentState, office: LabelOffice, zone: ZoneInfo, moment: datetime, with_money: bool = True) -> bytes:
    """Set the paper. It takes some tenths of a second: not in the loop. ``moment`` is that of its last change."""
    return accessible_pdf(Path(__file__).parent / "paper.typ", _data(state, office, zone, with_money), moment)


def _data(state: DocumentState, office: LabelOffice, zone: ZoneInfo, with_money: bool) -> dict[str, object]:
    document, contents = state.document, state.contents
    is_acceptance = document.symbol in ACCEPTANCES
    columns, rows = acceptance_table(contents, with_money) if is_acceptance else _table(contents.lines, with_money)
    return {
        "number": document.number,
        "symbol": document.symbol,
        "title": contents.title or SYMBOLS[document.symbol].title,
        "office": office.name,
        "address": office.address,
        "union": office.union,
        "funding": "Projekt nr " + ", ".join(contents.grants),
        "grants": contents.grants,
        "emblem": emblem_svg(black=False),
        "emblem_alt": EMBLEM,
        "issued_on": day_of(document.issued_on),
        "fields": _acceptance_fields(state, with_money) if is_acceptance else _fields(state),
        "columns": columns,
        "rows": rows,
        "total": amount(f"{contents.total:.2f}") if with_money else "",
        "notes": _notes(state),
        "cancelled": _cancelled(document, zone),
        "signatures": [_signature(side, state, zone) for side in SYMBOLS[document.symbol].sides],
        "funding_rows": funding_rows(contents, with_money) if is_acceptance else [],
        "has_posting": document.symbol == ACCEPTANCE,
        "footer": f"{office.base_url.rstrip('/')}/documents/{document.id}",
    }


def _acceptance_fields(state: DocumentState, with_money: bool) -> list[list[str]]:
    return acceptance_fields(state.document.symbol, state.contents, state.document.reason, with_money)


def _fields(state: DocumentState) -> list[list[str]]:
    contents = state.contents
    if contents.title == LOAN_TITLE:
        return [
            ["Wypożyczający", contents.is_with],
            ["Termin zwrotu", iso_day(contents.due_on)],
            ["Miejsce stałe", contents.came_from or "jak w pozycjach"],
            ["Osoba odpowiedzialna", contents.was_with or "jak w pozycjach"],
            ["Cel", state.document.reason],
        ]
    if contents.title == RETURN_TITLE:
        return [
            ["Zwracający", contents.was_with or "jak w pozycjach"],
            ["Osoba odpowiedzialna", contents.is_with],
            ["Miejsce stałe", contents.goes_to],
            ["Stan przy zwrocie, uwagi", state.document.reason],
        ]
    fields = [
        ["Z: pomieszczenie", contents.came_from or "jak w pozycjach"],
        ["Z: osoba odpowiedzialna", contents.was_with],
    ]
    if state.document.symbol in _PLACES:
        fields += [["Do: pomieszczenie", contents.goes_to], ["Do: osoba odpowiedzialna", contents.is_with]]
    return [*fields, ["Przyczyna, podstawa", state.document.reason]]


def _table(lines: Sequence[PaperLine], with_money: bool) -> tuple[list[str], list[list[str]]]:
    has_former = any(line.came_from or line.was_with for line in lines)
    columns = ["Lp.", "Numer inwentarzowy", "Nazwa", "Nr seryjny", "KŚT", *(["Skąd"] if has_former else []), "Ilość",
               *(["Wartość zł"] if with_money else [])]  # fmt: skip
    rows = []
    for number, line in enumerate(lines, 1):
        former = ", ".join(filter(None, (line.came_from, line.was_with)))
        cells = [str(number), line.inventory_no or "–", line.name, line.serial_no or "–", line.kst or "–"]
        value = [amount(line.value)] if with_money else []
        rows.append([*cells, *([former or "–"] if has_former else []), str(line.quantity), *value])
    return columns, rows


def _notes(state: DocumentState) -> list[str]:
    notes = list(state.contents.notes)
    if state.contents.durable_until:
        notes.append(f"Okres trwałości projektu: do {day_of(date.fromisoformat(state.contents.durable_until))}.")
    return notes


def _cancelled(document: Document, zone: ZoneInfo) -> str:
    if document.cancelled_at is None:
        return ""
    return f"{document.cancelled_at.astimezone(zone):%d.%m.%Y %H:%M}: {document.cancel_reason}"


def _signature(side: Side, state: DocumentState, zone: ZoneInfo) -> dict[str, str]:
    word = _OF_ACCEPTANCE.get(side, SIDES[side]) if state.document.symbol in ACCEPTANCES else SIDES[side]
    for one in state.signatures:
        if one.side == side:
            at = f"{one.at.astimezone(zone):%d.%m.%Y %H:%M:%S}"
            return {"side": word, "name": one.name, "login": one.login, "at": at}
    return {"side": word, "name": "", "login": "", "at": ""}
