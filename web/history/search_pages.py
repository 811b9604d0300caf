"""The history of everything: who changed what, before and after, found, taken away as a list, and checked."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import Depends, Query, Request
from starlette.responses import Response

from registry.core.aside import aside, go_on
from registry.core.errors import Invalid, Reason
from registry.core.history import HistoryWish, search
from registry.core.ids import LARGEST_ID
from registry.exporting.csv import guarded
from registry.people.models import Person
from registry.rooms.queries import room_or_none
from web.auth.access import page_with
from web.history.act_words import act_words
from web.history.api import EntryAnswer, as_seen_by, entry_answer
from web.history.field_words import term, value_text
from web.history.words import HistoryNames, names_in
from web.kit.body import day_in
from web.kit.clock import Now
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.kit.words import N_

router = pages()
Reader = Annotated[Person, Depends(page_with("history.see_all"))]
SHOWN, EXPORTED = 50, 20_000
PORTION, PORTIONS = 250, 200  # of a list that is taken away: entries at a time, and times that it goes on
LOT, ROUNDS = 1000, 20  # how many entries more are looked through for those that this person is told of
OBJECT = re.compile(r"[a-z_]+:.+")
KIND_WORDS = {
    "booking": N_("bookings"), "series": N_("series of bookings"),
    "asset": N_("assets"), "room": N_("rooms"), "person": N_("people"),
    "device": N_("devices"), "fault": N_("faults"), "office": N_("settings"), "opening": N_("opening hours"),
    "grant": N_("grants"), "set": N_("sets"), "site": N_("sites"), "building": N_("buildings"),
    "category": N_("categories"), "document": N_("documents"), "works": N_("building works"), "block": N_("blocks"),
    "roster": N_("rosters of duties"), "duty": N_("single duties"), "institution": N_("institutions"),
    "letter": N_("letters"), "import": N_("lists that were read in"), "scan": N_("scans"), "tag": N_("labels"),
    "label_run": N_("printed labels"), "label_layout": N_("layouts of labels"),
    "numbering": N_("rules for numbers"), "plan": N_("floor plans"),
    "stocktake": N_("stocktakes"), "view": N_("saved views"),
}  # fmt: skip
PAGES_OF = {
    "asset": "/assets/{}",
    "booking": "/bookings/{}",
    "series": "/series/{}",
    "fault": "/faults/{}",
    "set": "/sets/{}",
    "stocktake": "/stocktakes/{}",
}
# of the list that is taken away
HEADS = (
    N_("no."), N_("when"), N_("who"), N_("by way of"), N_("act"), N_("thing"), N_("before"), N_("after"), N_("reason"),
    N_("hash"),
)  # fmt: skip
STOPPED = N_("The list ends here: the entries before number %(number)s were not looked through. Ask for earlier days.")
Words = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What was typed to search for."""

    q: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""

    def query(self, **more: Any) -> str:
        """The same search as an address, with something more."""
        fields = {"q": self.q, "kind": self.kind, "since": self.since, "until": self.until} | more
        return urlencode({name: value for name, value in fields.items() if value})


async def search_form(q: Words = "", kind: Words = "", since: Words = "", until: Words = "") -> SearchForm:
    """The search of this request."""
    return SearchForm(q.strip(), kind if kind in KIND_WORDS else "", since.strip(), until.strip())


Searched = Annotated[SearchForm, Depends(search_form)]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A value before and after."""

    term: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry as the page shows it."""

    entry: EntryAnswer
    when: str
    iso: str
    action: str
    thing: str
    href: str
    changes: list[ChangeLine]


@router.get("/admin/history")
async def history_search(
    request: Request, person: Reader, now: Now, form: Searched,
    before: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> Response:  # fmt: skip
    """A page of the history, the newest first, with what was before and after."""
    context, fault = page_context(request, person, now), ""
    try:
        wish = await _wish(form, context)
    except Invalid as refusal:
        wish, fault = HistoryWish(thing="none"), refusal.params["reason"].words(context.say)
    entries, further = await _visible(wish, before or None, SHOWN, person)
    return render(
        request,
        "history/search.html",
        status=422 if fault else 200,
        context=context,
        form=form,
        fault=fault,
        kinds=[("", context.say(N_("everything"))), *((kind, context.say(word)) for kind, word in KIND_WORDS.items())],
        lines=await _lines(entries, context),
        further=f"/admin/history?{form.query(before=further)}" if further else "",
        export=f"/admin/history.csv?{form.query()}",
    )


@router.get("/admin/history.csv")
async def export(request: Request, person: Reader, now: Now, form: Searched) -> Response:
    """What the search finds as a list, with the hash of each entry: 20 000 at most, and a last line where it stopped
    before it had looked through all.
    """
    context = page_context(request, person, now)
    wish, before = await _wish(form, context), None
    entries: list[EntryAnswer] = []
    for _ in range(PORTIONS):
        visible, before = await _visible(wish, before, min(PORTION, EXPORTED - len(entries)), person)
        entries += visible
        if before is None or len(entries) == EXPORTED:
            break
    end = context.say(STOPPED) % {"number": before} if before else ""
    content = await aside(_as_csv, [context.say(head) for head in HEADS], entries, end)
    headers = {"content-disposition": 'attachment; filename="history.csv"'}
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


async def _visible(
    wish: HistoryWish, before: int | None, limit: int, person: Person
) -> tuple[list[EntryAnswer], int | None]:
    """A part of what fits, and the number below which to go on. An entry whose actor this person is not told is not
    found by its actor either, and where a part ends does not hang on it.
    """
    entries: list[EntryAnswer] = []
    for lot in (limit, *ROUNDS * [LOT]):
        part = await search(wish, before, lot)
        answers = await as_seen_by(person, [entry_answer(row, person) for row in part.entries])
        visible = [one for one in answers if not (wish.actor and one.withheld)]
        entries, before = entries + visible, part.before
        if len(visible) == len(answers) or before is None or len(entries) >= limit:
            break
    if len(entries) > limit or len(entries) == limit and before:
        return entries[:limit], entries[limit - 1].id
    return entries, before


def _as_csv(heads: Sequence[str], entries: Sequence[EntryAnswer], end: str) -> bytes:
    """``end`` is the last line, beside the entries; none where it is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(heads)
    for one in entries:
        go_on()
        sides = ("" if side is None else orjson.dumps(side).decode() for side in (one.before, one.after))
        cells = (
            str(one.id),
            one.at.isoformat(),
            one.actor,
            one.source,
            one.action,
            one.object,
            *sides,
            one.reason,
            one.hash,
        )
        writer.writerow([guarded(cell) for cell in cells])
    if end:
        writer.writerow([end])
    return text.getvalue().encode("utf-8-sig")


async def _wish(form: SearchForm, context: PageContext) -> HistoryWish:
    """What a form asks. Raises Invalid("request.bad_field") for a day that is none."""
    thing = f"{form.kind}:" if form.kind else ""
    actor = form.q
    if OBJECT.fullmatch(form.q):
        thing, actor = form.q, ""
        if thing.startswith("room:") and not thing[5:].isdecimal():
            room = await room_or_none(thing[5:])
            thing = f"room:{room.id}" if room else thing
    until = _day(form.until, "until", context)
    return HistoryWish(
        thing=thing, actor=actor, since=_day(form.since, "since", context),
        until=until + timedelta(days=1) if until else None,
    )  # fmt: skip


def _day(text: str, field: str, context: PageContext) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(day_in(text), time.min, context.zone)
    except ValueError as fault:
        reason = Reason(N_("{given} is no day. Write it like 2026-11-26."), given=text)
        raise Invalid("request.bad_field", field=field, reason=reason) from fault


async def _lines(entries: Sequence[EntryAnswer], context: PageContext) -> list[EntryLine]:
    numbers = {int(one.object[5:]) for one in entries if re.fullmatch(r"room:\d{1,9}", one.object)}
    names = await names_in([side for one in entries for side in (one.before, one.after)], numbers)
    return [_line(one, names, context) for one in entries]


def _line(one: EntryAnswer, names: HistoryNames, context: PageContext) -> EntryLine:
    kind, _, name = one.object.partition(":")
    href = PAGES_OF[kind].format(name) if kind in PAGES_OF else ""
    thing = one.object
    if kind == "room" and name.isdecimal() and int(name) in names.rooms:
        thing = f"room:{names.rooms[int(name)]}"
        href = f"/rooms/{names.rooms[int(name)]}"
    before, after = one.before or {}, one.after or {}
    changes = [
        ChangeLine(
            term(kind, column, context),
            value_text(kind, column, before.get(column), names, context),
            value_text(kind, column, after.get(column), names, context),
        )
        for column in dict.fromkeys([*before, *after])
        if before or after[column] not in (None, "", [], False)  # of what is new, only what it has
    ]
    action = act_words(kind, one.action, context)
    when, iso = context.fmt.when(one.at, context.now), context.fmt.iso(one.at)
    return EntryLine(one, when, iso, action, thing, href, changes)
