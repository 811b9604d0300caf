"""The fields of any thing's entries and their values, in the words that the thing's own page has for them."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from registry.people.models import Role
from web.categories.words import COLUMN_WORDS as CATEGORY_WORDS
from web.history.words import COLUMN_WORDS, PEOPLE, ROOMS, HistoryNames, value_words
from web.kit.page_context import PageContext
from web.kit.words import N_, ROLE_WORDS
from web.places.history import NO, SETTING_WORDS, YES, setting_words
from web.system.words import SECRET_SETTINGS, SECRET_WORDS
from web.system.words import SETTING_WORDS as OFFICE_WORDS

LONGEST = 300
PLACES = frozenset({"room", "building", "site"})
OF_KIND: Mapping[str, Mapping[str, str]] = {
    "category": CATEGORY_WORDS, "office": OFFICE_WORDS, **dict.fromkeys(PLACES, SETTING_WORDS)
}  # fmt: skip
FIELD_WORDS: Mapping[str, str] = {
    "accounts": N_("accounts"), "active_until": N_("account until"), "address": N_("address"),
    "asset_id": N_("asset"), "assets": N_("assets"), "attendees": N_("people taking part"), "block": N_("block"),
    "building": N_("building"), "closed_on_holidays": N_("closed on holidays"), "code": N_("code"),
    "description": N_("description"), "device": N_("device"), "due_back": N_("share to be returned"),
    "duties": N_("duties"),
    "ends_at": N_("end"), "ends_on": N_("last day"), "evidence": N_("evidence"), "finished_on": N_("finished on"),
    "first": N_("the first"), "former_number": N_("former number"), "grant": N_("grant"),
    "granted": N_("amount granted"), "hours": N_("opening hours"), "in_team": N_("of the Team"),
    "institution": N_("institution"), "is_active": N_("account open"), "is_shared": N_("for the whole office"),
    "kind": N_("kind"), "languages": N_("languages"), "last": N_("the last"), "login": N_("login"),
    "mail": N_("e-mail address"), "number": N_("number"), "organizer": N_("organizer"),
    "organizer_id": N_("organizer"), "owner_id": N_("who takes care of it"), "part": N_("part in the Team"),
    "parts": N_("parts"), "percent": N_("share of the grant, %"), "person": N_("person"), "person_id": N_("person"),
    "query": N_("filter"), "reports": N_("reports"), "role": N_("role"), "room": N_("room"), "rooms": N_("rooms"),
    "scans": N_("scans"), "scope": N_("whose"), "sessions": N_("sessions"), "set": N_("set"), "side": N_("side"),
    "spans": N_("opening hours"), "starts_at": N_("start"), "starts_on": N_("first day"), "state": N_("state"),
    "status": N_("state"), "step": N_("step"), "template": N_("template"), "timezone": N_("time zone"),
    "title": N_("title"), "total": N_("total cost"), "town": N_("town"), "until": N_("until"), "way": N_("way"),
    "own_values": N_("own fields"), "site_id": N_("site"),
}  # fmt: skip
_DAY, _MOMENT = (
    re.compile(r"\d{4}-\d\d-\d\d"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)"),
)


def term(kind: str, name: str, context: PageContext) -> str:
    """What a field of a thing of this kind is called; its key where it has no word."""
    return context.say(OF_KIND.get(kind, {}).get(name) or COLUMN_WORDS.get(name) or FIELD_WORDS.get(name) or name)


def value_text(kind: str, name: str, value: Any, names: HistoryNames, context: PageContext) -> str:
    """A value as people read it, cut where it is long; empty for nothing."""
    try:
        text = _text(kind, name, value, names, context)
    except (
        ValueError,
        KeyError,
        TypeError,
        ArithmeticError,
    ):  # an entry keeps what an earlier Izba wrote, for which there is no word
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _text(kind: str, name: str, value: Any, names: HistoryNames, context: PageContext) -> str:
    if value in (None, "", []):
        return ""
    if kind == "asset" and name in COLUMN_WORDS:
        return value_words(name, value, names, context)
    if isinstance(value, bool):
        return context.say(YES if value else NO)
    if isinstance(value, int):
        words = names.rooms if name in ROOMS else names.people if name in PEOPLE else {}
        return words.get(value, str(value))
    if kind in PLACES and name in SETTING_WORDS:
        return setting_words(name, value, context)
    if name == "role" and value in set(Role):
        return context.say(ROLE_WORDS[Role(value)])
    if kind == "office" and name in SECRET_SETTINGS:
        return context.say(SECRET_WORDS.get(value, value))
    if isinstance(value, str):
        return _written(value, context)
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ", ".join(str(one) for one in value)
    return orjson.dumps(value).decode()


def _written(text: str, context: PageContext) -> str:
    """A day or a moment in the reader's way of writing it, any other text as it is."""
    try:
        if _DAY.fullmatch(text):
            return context.fmt.date(date.fromisoformat(text))
        return context.fmt.datetime(datetime.fromisoformat(text)) if _MOMENT.fullmatch(text) else text
    except (ValueError, OverflowError):  # a moment at the edge of time has none in another zone
        return text
