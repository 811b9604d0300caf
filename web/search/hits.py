"""One search over everything that somebody may see: the exact code first, then things, rooms, people, their own
bookings, sets, and the pages of the site.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from registry.assets.filters import AssetFilter
from registry.assets.models import Lifecycle
from registry.assets.queries import search
from registry.assets.rules import fold
from registry.assets.transitions import LIFECYCLE_WORDS
from registry.bookings.projections import FullBooking
from registry.bookings.queries import my_visible_bookings
from registry.core.ids import may_be_name
from registry.documents.queries import document_by_number
from registry.documents.rules import SYMBOLS as SYMBOLS_OF_PAPERS
from registry.people.models import Person
from registry.people.queries import people_like
from registry.people.rules import may
from registry.rooms.queries import room_lines
from registry.scans.queries import exact_match
from registry.sets.queries import sets_in_order
from registry.stocktakes.queries import stocktake_by_number
from web.kit.sections import all_sections
from web.kit.words import N_, Words

LONGEST = 100
_NUMBER_OF_STOCKTAKE = re.compile(r"[0-9]{1,6}/[0-9]{4}")
OF_A_KIND = 6
BOOKINGS_READ = 50
KIND_WORDS = {
    "exact": N_("Exactly this"), "asset": N_("Things"), "room": N_("Rooms"), "booking": N_("My bookings"),
    "set": N_("Sets"), "person": N_("People"), "page": N_("Pages"),
}  # fmt: skip
SYMBOLS = {
    "exact": "qrcode", "asset": "armchair", "room": "door", "booking": "calendar", "set": "package", "person": "user",
    "page": "list",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that fits. ``kind`` is one of KIND_WORDS, ``where`` says which of several alike it is."""

    kind: str
    title: str
    where: str
    url: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search shows. ``things`` is how many things fit, of which the first few are among the hits."""

    hits: tuple[Hit, ...]
    things: int

    def kinds(self) -> list[tuple[str, list[Hit]]]:
        """The hits by their kind, in the order of KIND_WORDS."""
        groups = [(kind, [hit for hit in self.hits if hit.kind == kind]) for kind in KIND_WORDS]
        return [(kind, hits) for kind, hits in groups if hits]


async def find(typed: str, person: Person, words: Words, now: datetime) -> Finding:
    """What somebody may see of what they typed; nothing for nothing, and for what no column can hold."""
    text = " ".join(typed.split())[:LONGEST]
    if not text or not may_be_name(text, LONGEST):
        return Finding((), 0)
    exact = [hit async for hit in _exact(text, person, words)]
    page = await search(AssetFilter(q=text), limit=OF_A_KIND)
    things = [
        Hit("asset", item["name"], " · ".join(part for part in (item["inventory_no"], item["room"]) if part),
            f"/assets/{item['id']}")
        for item in page.items
    ]  # fmt: skip
    hits = [*exact, *things, *await _rooms(text, words), *await _bookings(text, person, words, now), *await _sets(text)]
    if may(person.role, "people.see"):
        hits += [
            Hit("person", one.name, one.login, f"/assets?{urlencode({'custodian': one.login})}")
            for one in await people_like(text, OF_A_KIND)
        ]
    hits += _pages(text, person, words)
    first = {hit.url for hit in exact}
    return Finding(tuple(hit for hit in hits if hit.kind == "exact" or hit.url not in first), page.total)


async def _exact(text: str, person: Person, words: Words) -> AsyncIterator[Hit]:
    if text.partition("/")[0].upper() in SYMBOLS_OF_PAPERS and may(person.role, "documents.see"):
        document = await document_by_number(text)
        if document is not None:
            kind = words.say(SYMBOLS_OF_PAPERS[document.symbol].word)
            yield Hit("exact", document.number, kind, f"/documents/{document.id}")
            return
    if _NUMBER_OF_STOCKTAKE.fullmatch(text) and (stocktake := await stocktake_by_number(text, person)):
        yield Hit("exact", stocktake.number, words.say(N_("stocktake")), f"/stocktakes/{stocktake.id}")
        return
    scanned = await exact_match(text, person)
    if scanned is None:
        return
    if scanned.asset:
        is_withdrawn = scanned.asset["lifecycle"] == Lifecycle.WITHDRAWN
        number = scanned.asset["inventory_no"] or scanned.code
        about = [number or "", words.say(LIFECYCLE_WORDS[Lifecycle.WITHDRAWN]) if is_withdrawn else ""]
        yield Hit("exact", scanned.asset["name"], " · ".join(filter(None, about)), f"/assets/{scanned.asset['id']}")
    elif scanned.room:
        yield Hit("exact", words.room(scanned.room), scanned.room.code, f"/rooms/{quote(scanned.room.code)}")
    elif scanned.fault_id:
        yield Hit("exact", words.say(N_("Fault")), text, f"/faults/{scanned.fault_id}")
    elif scanned.code and may(person.role, "assets.change"):
        yield Hit("exact", words.say(N_("A label that is on nothing yet")), scanned.code, f"/t/{scanned.code}")


async def _rooms(text: str, words: Words) -> list[Hit]:
    key = fold(text)
    rooms = [
        room for room in await room_lines()
        if key in fold(f"{room.code} {room.number} {room.name} {room.name_en}")
    ]  # fmt: skip
    return [Hit("room", words.room(room), room.code, f"/rooms/{quote(room.code)}") for room in rooms[:OF_A_KIND]]


async def _bookings(text: str, person: Person, words: Words, now: datetime) -> list[Hit]:
    """Their own alone: of others' a title is read on the calendar, where it stands beside its room's class."""
    key, formats = fold(text), words.fmt
    pairs = await my_visible_bookings(person, now, BOOKINGS_READ, 0)
    return [
        Hit("booking", one.title, f"{room.code} · {formats.when(one.starts_at, now)}", f"/bookings/{one.id}")
        for one, room in pairs
        if isinstance(one, FullBooking) and one.title and key in fold(one.title)
    ][:OF_A_KIND]


async def _sets(text: str) -> list[Hit]:
    rows, _ = await sets_in_order(text[:64], "", 0, OF_A_KIND)
    return [Hit("set", row.name, row.place or "", f"/sets/{row.id}") for row in rows]


def _pages(text: str, person: Person, words: Words) -> list[Hit]:
    key = fold(text)
    return [
        Hit("page", words.say(page.word), words.say(section.word) if page.word != section.word else "", page.href)
        for section, pages in all_sections(person.role)
        for page in pages
        if key in fold(words.say(page.word)) or key in fold(words.say(section.word))
    ]
