"""What is asked about documents: a year of them with its numbers, one with its signatures, those of a piece."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from registry.core.errors import NotFound
from registry.core.history import HistoryEntry, entries_of
from registry.core.ids import may_be_id, may_be_name
from registry.documents.models import Document, DocumentLine, DocumentParty, DocumentSeries, DocumentSignature
from registry.documents.rules import SYMBOLS, PaperContents, Side, contents_of
from registry.people.models import Person
from registry.people.rules import may

NUMBER_LENGTH, HISTORY_LIMIT = 40, 100
_NUMBER = re.compile(r"([A-Z]{1,8}(?:-[A-Z]{1,4})?)(?:/([A-Z][A-Z0-9-]{0,19}))?(?:/([0-9]{1,9}))?(?:/([0-9]{4}))?/?")


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What the list is narrowed to; nothing means any. ``words`` are a number or its beginning up to a stroke: MT,
    MT/12, MT/00012/2026.
    """

    symbol: str = ""
    year: int | None = None
    asset_id: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """The numbers of a symbol in a year: how far they have gone, which of them are cancelled, and which wait to be
    signed.
    """

    symbol: str
    unit: str
    last_place: int
    cancelled: frozenset[int]
    unsigned: frozenset[int]


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document with what stands on it, who signed it, and its pieces by id in the order of its lines."""

    document: Document
    contents: PaperContents
    signatures: Sequence[DocumentSignature]
    asset_ids: Sequence[int]

    @property
    def sides_left(self) -> tuple[Side, ...]:
        """Who has not signed yet; nobody of one that is cancelled."""
        there = {signature.side for signature in self.signatures}
        sides = SYMBOLS[self.document.symbol].sides
        return () if self.document.cancelled_at else tuple(side for side in sides if side not in there)


def _matching(narrowed: DocumentFilter, person: Person) -> QuerySet[Document]:
    rows = Document.all()
    if not may(person.role, "documents.see"):
        rows = rows.filter(id__in=Subquery(DocumentParty.filter(person_id=person.id).values("document_id")))
    if narrowed.symbol:
        rows = rows.filter(symbol=narrowed.symbol)
    if narrowed.year is not None:
        rows = rows.filter(year=narrowed.year)
    if narrowed.asset_id is not None:
        rows = rows.filter(lines__asset_id=narrowed.asset_id if may_be_id(narrowed.asset_id) else 0)
    if narrowed.words:
        parts = _NUMBER.fullmatch(narrowed.words.strip().upper())
        if parts is None:
            return rows.filter(id=0)
        named = {"symbol": parts[1], "unit": parts[2], "place": parts[3], "year": parts[4]}
        rows = rows.filter(**{name: text for name, text in named.items() if text})
    return rows


async def documents_in_order(
    narrowed: DocumentFilter, person: Person, start: int, limit: int
) -> tuple[list[Document], int]:
    """A part of the documents that this person may see, the newest first, and how many there are."""
    rows = _matching(narrowed, person)
    return await rows.order_by("-issued_at", "-id").offset(start).limit(limit), await rows.count()


async def series_of(year: int) -> list[NumberSeries]:
    """The numbers of a year, by symbol. Of a long series the last two hundred are looked at."""
    series = await DocumentSeries.filter(year=year, symbol__in=list(SYMBOLS)).order_by("symbol", "unit")
    numbers = []
    for one in series:
        recent = Document.filter(symbol=one.symbol, unit=one.unit, year=year, place__gt=one.last_place - 200)
        cancelled = await recent.filter(cancelled_at__not_isnull=True).values_list("place", flat=True)
        sides = len(SYMBOLS[one.symbol].sides) if one.symbol in SYMBOLS else 0
        unsigned = await recent.filter(cancelled_at=None, revision__lte=sides).values_list("place", flat=True)
        places = [frozenset(int(str(place)) for place in rows) for rows in (cancelled, unsigned)]
        numbers.append(NumberSeries(one.symbol, one.unit, one.last_place, *places))
    return numbers


async def document_state(document_id: int, person: Person) -> DocumentState:
    """Raises NotFound("document.unknown"), also for one that is not this person's to know of: who has no right to all
    of them knows those that name or were signed by them.
    """
    document = await Document.get_or_none(id=document_id) if may_be_id(document_id) else None
    if document is None:
        raise NotFound("document.unknown")
    is_party = DocumentParty.filter(document_id=document.id, person_id=person.id)
    if not may(person.role, "documents.see") and not await is_party.exists():
        raise NotFound("document.unknown")
    signatures = await DocumentSignature.filter(document_id=document.id).order_by("at", "id")
    contents = contents_of(document.contents)
    lines = DocumentLine.filter(document_id=document.id).order_by("id")
    ids = [int(str(pk)) for pk in await lines.values_list("asset_id", flat=True)]
    return DocumentState(document, contents, signatures, ids)


async def documents_of(asset_id: int, person: Person, limit: int = 200) -> list[Document]:
    """The newest documents of a piece that this person may see, without what stands on them."""
    rows = _matching(DocumentFilter(asset_id=asset_id), person).order_by("-issued_at", "-id").limit(limit)
    return await rows.only("id", "symbol", "number", "issued_on", "issued_at", "reason", "cancelled_at")


async def document_by_number(number: str) -> Document | None:
    """The document with exactly this number, capitals aside."""
    if not may_be_name(number, NUMBER_LENGTH):
        return None
    return await Document.get_or_none(number=number.strip().upper())


async def history_of(document_id: int) -> list[HistoryEntry]:
    """What happened to a document, the newest first."""
    return await entries_of(f"document:{document_id}", HISTORY_LIMIT)
