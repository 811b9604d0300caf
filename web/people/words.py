"""What accounts, their roles and what hangs on them are called, and a person's history in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.core.history import HistoryEntry
from registry.departures.rules import LoadKind
from registry.people import rules
from registry.people.models import LinkWay, Role
from registry.people.queries import PeopleView
from registry.people.rules import AccountState
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_

LANGUAGES = {"pl": "polski", "en": "English", "uk": "українська", "ru": "русский"}
VIEW_WORDS = {
    PeopleView.ALL: N_("All"),
    PeopleView.WAITING: N_("Not in yet"),
    PeopleView.ENDING: N_("Ending within 30 days"),
    PeopleView.CLOSED: N_("Closed"),
}
STATE_WORDS = {
    AccountState.NEW: N_("not invited yet"),
    AccountState.INVITED: N_("invited"),
    AccountState.LAPSED: N_("invitation over"),
    AccountState.ACTIVE: N_("active"),
    AccountState.ENDED: N_("last day over"),
    AccountState.CLOSED: N_("closed"),
}
STATE_TONES = {
    AccountState.NEW: "warn", AccountState.INVITED: "plain", AccountState.LAPSED: "warn", AccountState.ACTIVE: "",
    AccountState.ENDED: "plain", AccountState.CLOSED: "plain",
}  # fmt: skip
# what a role is there for, and what it is not
ROLE_ABOUT = {
    Role.MEMBER: (
        N_("books rooms and reports faults."),
        N_("Sees neither the details of confidential rooms nor prices."),
    ),
    Role.DUTY: (
        N_("receives people at the Help Point."),
        N_("As a Team member, and sees and books the Help Point's rooms and the duties."),
    ),
    Role.COORDINATOR: (
        N_("runs rooms and duties."),
        N_("Changes bookings of others and the rules of rooms; sees all rooms, and prices."),
    ),
    Role.FACILITIES: (
        N_("keeps equipment, faults and devices."),
        N_("Does not see what is booked in the Help Point's rooms."),
    ),
    Role.ACCOUNTANT: (N_("sees and corrects prices, grants and papers."), N_("Moves no equipment.")),
    Role.AUDITOR: (N_("reads the register and its history."), N_("Changes nothing.")),
    Role.ADMIN: (N_("gives roles and sets Izba up."), N_("May do everything.")),
}
# of the one table of what roles may do, registry/people/rules.py
CAPABILITY_WORDS = {
    "rooms.see": N_("see rooms and when they are taken"),
    "rooms.manage": N_("set rooms and their rules"),
    "bookings.make": N_("book rooms"),
    "bookings.manage": N_("change bookings of others"),
    "bookings.for_another": N_("book for somebody else"),
    "bookings.for_colleague": N_("book for somebody of one's own institution"),
    "bookings.block": N_("block rooms"),
    "blocks.see": N_("see blocks and their reasons"),
    "help_point.see": N_("see who comes to the Help Point's rooms"),
    "help_point.book": N_("book hidden rooms of the Help Point"),
    "duties.see": N_("see the duties"),
    "assets.see": N_("see equipment"),
    "assets.see_money": N_("see prices"),
    "assets.change": N_("change, move and entrust equipment"),
    "assets.dispose": N_("hand over, give away, sell and liquidate equipment"),
    "documents.sign_accounts": N_("sign documents as the accountant"),
    "durability.override": N_("allow, as one of two, that a piece leaves before its grant's day"),
    "documents.see": N_("read all documents of equipment"),
    "documents.sign": N_("sign documents that name them"),
    "documents.cancel": N_("cancel documents"),
    "stocktakes.see": N_("see all stocktakes"),
    "stocktakes.order": N_("order and settle stocktakes"),
    "stocktakes.count": N_("count, where they are of the committee"),
    "stocktakes.value": N_("value what a stocktake found"),
    "works.see": N_("see building works"),
    "works.manage": N_("plan building works"),
    "assets.correct_money": N_("correct prices and quantities"),
    "assets.export": N_("export the register"),
    "depreciation.see": N_("see the tables of depreciation"),
    "labels.print": N_("print labels"),
    "due.see_all": N_("see the due dates of all equipment"),
    "files.change": N_("add and remove photos and papers"),
    "faults.report": N_("report faults"),
    "faults.see_all": N_("see all faults, with who reported them"),
    "faults.manage": N_("take on and mend faults"),
    "imports.run": N_("bring lists into the register"),
    "grants.see": N_("see grants"),
    "devices.see": N_("see devices"),
    "devices.manage": N_("bind and switch off devices"),
    "panels.pair": N_("pair door panels"),
    "history.see": N_("read the history"),
    "history.see_all": N_("search in all of the history"),
    "people.see": N_("see people and institutions"),
    "people.manage": N_("add people, give roles, invite, close accounts"),
    "office.see": N_("open the pages of the office"),
    "office.manage": N_("set Izba up and see how it runs"),
}
LOAD_WORDS = {
    LoadKind.CUSTODY: N_("In their care"),
    LoadKind.BOOKINGS: N_("Coming bookings"),
    LoadKind.DUTIES: N_("Coming duties"),
    LoadKind.APPROVALS: N_("Approves bookings"),
    LoadKind.FAULTS: N_("Open faults"),
}
LOAD_COUNTS = {
    LoadKind.CUSTODY: NN_("%(n)s piece", "%(n)s pieces"),
    LoadKind.BOOKINGS: NN_("%(n)s booking", "%(n)s bookings"),
    LoadKind.DUTIES: NN_("%(n)s duty", "%(n)s duties"),
    LoadKind.APPROVALS: NN_("%(n)s room", "%(n)s rooms"),
    LoadKind.FAULTS: NN_("%(n)s fault", "%(n)s faults"),
}
LOAD_EFFECTS = {
    LoadKind.CUSTODY: N_("Each piece is entrusted to them, with an entry in its history."),
    LoadKind.BOOKINGS: N_("Rooms and times stay, the organizer is another."),
    LoadKind.DUTIES: N_("Times and places stay."),
    LoadKind.APPROVALS: N_("They answer what waits, and what comes."),
    LoadKind.FAULTS: N_("Whoever reported them has nothing to do."),
}
WAY_WORDS = {LinkWay.MAIL: N_("by mail"), LinkWay.LINK: N_("by a link"), LinkWay.SLIP: N_("on paper")}
ACTION_WORDS = {
    "added": N_("Account opened"),
    "imported": N_("Came with a list"),
    "changed": N_("Changed"),
    "role changed": N_("Another role"),
    "opened": N_("Account opened again"),
    "closed": N_("Account closed"),
    "invited": N_("Invited"),
    "password asked": N_("Forgotten password: a link was sent"),
    "password chosen": N_("Password chosen by a link"),
    "password changed": N_("Password changed"),
    "signed out": N_("Signed out"),
    "token issued": N_("Token made"),
    "token revoked": N_("Token withdrawn"),
    "feed made": N_("Address of a calendar made"),
    "feed withdrawn": N_("Address of a calendar withdrawn"),
}
FIELD_WORDS = {
    "name": N_("name"),
    "role": N_("role"),
    "institution": N_("institution"),
    "languages": N_("languages"),
    "mail": N_("mail address"),
    "active_until": N_("last day"),
}
GOOD_UNTIL, LAST_DAY = N_("good until %(when)s"), N_("last day %(day)s")
UNTIL_DAY = N_("until %(day)s")
NO_INSTITUTION = N_("no institution")
TOASTS = {
    "added": N_("The account is open."),
    "changed": N_("Changed."),
    "invited": N_("The invitation is made."),
    "mailed": N_("The invitation is on its way."),
    "closed": N_("The account is closed."),
    "handed": N_("Handed over."),
    "opened": N_("The account is open again."),
    "session": N_("Signed out there."),
    "sessions": N_("Signed out everywhere."),
    "token": N_("The token is withdrawn."),
}


def toast_of(name: str, context: PageContext) -> str:
    """What a page says after an act; nothing for a name that is none."""
    return context.say(TOASTS.get(name, ""))


def rights_of(role: Role, context: PageContext) -> list[tuple[str, bool]]:
    """What a role may and may not do, in words of the one table, what it may first."""
    rights = [
        (context.say(CAPABILITY_WORDS.get(name, name)), role in rules.CAPABILITIES[name]) for name in CAPABILITY_WORDS
    ]
    return sorted(rights, key=lambda right: not right[1])


def languages_in_words(codes: str) -> str:
    return ", ".join(LANGUAGES.get(code, code) for code in codes.split(",") if code)


def load_count(kind: LoadKind, number: int, context: PageContext) -> str:
    """6 pieces"""
    return context.words.ngettext(*LOAD_COUNTS[kind], number)


def account_history(entries: Sequence[HistoryEntry], context: PageContext) -> list[dict[str, str]]:
    """What happened to an account, the newest first, in words."""
    return history_rows(entries, context, ACTION_WORDS, lambda entry: _change(entry, context))


def _change(entry: HistoryEntry, context: PageContext) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action == "invited":
        return context.say(WAY_WORDS[LinkWay(after["way"])])
    if entry.action.startswith("token"):
        return str((after or before).get("name", ""))
    if entry.action not in ("changed", "role changed"):
        return ""
    return ", ".join(
        f"{context.say(FIELD_WORDS[name])}: {_value(name, before, context)} → {_value(name, after, context)}"
        for name in after
        if name in FIELD_WORDS
    )


def _value(name: str, side: Mapping[str, Any], context: PageContext) -> str:
    value = side.get(name)
    if name == "role" and value:
        return context.words.role(str(value))
    if name == "active_until" and value:
        day = rules.last_day(datetime.fromisoformat(value), context.zone)
        return context.fmt.date(day) if day else "–"
    return str(value or "–")
