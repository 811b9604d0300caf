"""What notices say: under the bell, and in the letters that carry them. The same words, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from registry.outbox.models import LetterState
from registry.outbox.rules import Timing
from registry.rooms.models import HELP_POINT
from web.faults.words import KIND_WORDS as FAULT_KINDS
from web.kit.words import N_, NN_, Words
from web.rooms.words import FEATURES


class RoomName(NamedTuple):
    """What a letter may call a room, by the class that it has now."""

    name: str
    name_en: str
    visibility: str


class LetterNotice(NamedTuple):
    """What a notice says, as far as words need it."""

    kind: str
    thing: str
    facts: Any
    secret: str = ""


Rooms = Mapping[str, RoomName]


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a kind of notice is called, what it says besides, and its symbol."""

    headline: str
    symbol: str
    sentence: str = ""


KIND_WORDS: Mapping[str, KindWords] = {
    "booking.booked": KindWords(N_("A room was booked for you"), "calendar-plus"),
    "booking.handed_over": KindWords(N_("A booking is yours now"), "transfer"),
    "series.booked": KindWords(N_("A series of bookings was made for you"), "calendar-plus"),
    "series.changed": KindWords(N_("Your series of bookings was changed"), "edit"),
    "series.cancelled": KindWords(N_("Dates of your series of bookings were cancelled"), "circle-x"),
    "booking.changed": KindWords(N_("Your booking was changed"), "edit"),
    "booking.moved": KindWords(N_("Your booking has another room"), "transfer"),
    "booking.cancelled": KindWords(N_("Your booking was cancelled"), "circle-x"),
    "booking.restored": KindWords(N_("Your booking stands again"), "arrow-back-up"),
    "booking.released": KindWords(
        N_("Your booking was released"), "circle-x",
        N_("Nobody came, so the room is free again. For ten minutes you can take it back."),
    ),
    "booking.ended": KindWords(
        N_("Your booking was ended"), "circle-x",
        N_("The rest of its time is free again. For ten minutes you can take it back."),
    ),
    "readiness.lost": KindWords(N_("Something in a room that you booked does not work"), "tool"),
    "readiness.regained": KindWords(N_("A room that you booked is in working order again"), "circle-check"),
    "approval.requested": KindWords(N_("A booking waits for your answer"), "help"),
    "approval.due": KindWords(
        N_("A booking still waits for your answer"), "clock",
        N_("If nobody answers before it begins, it is declined by itself."),
    ),
    "approval.granted": KindWords(N_("Your booking was approved"), "circle-check"),
    "approval.refused": KindWords(N_("Your booking was not approved"), "circle-x"),
    "approval.reopened": KindWords(
        N_("Your booking waits for an answer again"), "refresh",
        N_("Who answered has taken it back. The time is still kept for you."),
    ),
    "approval.lapsed": KindWords(
        N_("Nobody answered about your booking"), "circle-x",
        N_("It was declined by itself as it was to begin, and the room is free again."),
    ),
    "fault.assigned": KindWords(N_("A fault is yours to see to"), "tool"),
    "fault.mended": KindWords(N_("What you reported is mended"), "circle-check"),
    "loan.due": KindWords(N_("Something that you borrowed is due back"), "clock"),
    "warranty.ending": KindWords(N_("A warranty ends soon"), "certificate"),
    "durability.ending": KindWords(N_("A durability period ends soon"), "lock"),
    "stocktake.opened": KindWords(
        N_("You count in a stocktake"), "clipboard-check", N_("It is open. Say in which room you stand, and scan."),
    ),
    "stocktake.closed": KindWords(N_("A stocktake awaits its valuation"), "clipboard-check"),
    "device.silent": KindWords(N_("A device has fallen silent"), "broadcast"),
    "backup.old": KindWords(
        N_("There is no fresh backup"), "alert-triangle",
        N_("See that a backup is made: what is registered now stands in one place alone."),
    ),
    "account.invited": KindWords(
        N_("Your account in Izba"), "user",
        N_("An account was made for you. The link below lets you choose your password. It works once."),
    ),
    "account.password": KindWords(
        N_("A new password for Izba"), "key",
        N_("Somebody said that you forgot your password. The link below lets you choose a new one, once. If it was not"
           " you, do nothing: your password stays as it is."),
    ),
    "account.trial": KindWords(
        N_("A trial letter from Izba"), "mail",
        N_("You asked for it. If you read it in your mailbox, letters from Izba reach you."),
    ),
}  # fmt: skip

TOPIC_WORDS: Mapping[str, tuple[str, str]] = {
    "own_booking": (N_("Something became of my booking"), N_("changed, moved, cancelled, released or ended")),
    "booked_for_me": (N_("Somebody booked for me"), ""),
    "approval": (N_("A booking waits for my answer, or somebody answered mine"), ""),
    "readiness": (N_("A room lost what I need, or has it again"), N_("only while I have a booking there")),
    "fault": (N_("A fault was given to me, or what I reported is mended"), ""),
    "due": (N_("What ends soon: loans, warranties, durability periods"), N_("of what I borrowed or have in my care")),
    "stocktake": (N_("A stocktake that I count in, or whose differences I value"), ""),
    "device": (N_("A device has fallen silent"), ""),
    "backup": (N_("There is no fresh backup"), ""),
}
TIMING_WORDS = {Timing.AT_ONCE: N_("at once"), Timing.DAILY: N_("once a day"), Timing.NEVER: N_("not at all")}
STATE_LOOKS = {
    LetterState.WAITING: (N_("waiting"), "plain"),
    LetterState.SENT: (N_("sent"), "good"),
    LetterState.DEAD: (N_("did not arrive"), "bad"),
    LetterState.DROPPED: (N_("given up"), "plain"),
}
VIEW_WORDS = {
    LetterState.WAITING: N_("Waiting"),
    LetterState.DEAD: N_("Did not arrive"),
    LetterState.SENT: N_("Sent today"),
    LetterState.DROPPED: N_("Given up"),
}
DIGEST = NN_("%(n)s piece of news from Izba", "%(n)s pieces of news from Izba")
SHY = N_("Izba says which room it is, and what for, once you have signed in.")


def allowed_facts(facts: dict[str, Any], rooms: Rooms) -> dict[str, Any]:
    """What may be told of what a notice says: nothing of a room that has become one of the Help Point since."""
    codes = [facts[name] for name in ("room", "former_room") if facts.get(name)]
    if any(code in rooms and rooms[code].visibility in HELP_POINT for code in codes):
        return {}
    return facts


class NoticeWords(Words):
    """The words of notices and letters."""

    def headline(self, notice: LetterNotice) -> str:
        """What happened, in one line without anything that somebody typed: it is a mail's subject."""
        return self.say(KIND_WORDS[notice.kind].headline)

    def subject(self, notices: Sequence[LetterNotice]) -> str:
        """Of a letter of one notice or several."""
        return self.headline(notices[0]) if len(notices) == 1 else self.ngettext(*DIGEST, len(notices))

    def symbol(self, notice: LetterNotice) -> str:
        return KIND_WORDS[notice.kind].symbol

    def lines(self, notice: LetterNotice, rooms: Rooms) -> list[str]:
        """What more is known of it: where and when, what about, by whom. Of a room that is confidential or hidden, by
        now or then, only what its class allows.
        """
        facts = allowed_facts(notice.facts, rooms)
        parts = [
            self._place_and_time(facts, rooms),
            facts.get("title", ""),
            self._former(facts, rooms),
            *self._more(facts),
            self.say(N_("by %(name)s")) % {"name": facts["by"]} if facts.get("by") else "",
            self.say(KIND_WORDS[notice.kind].sentence),
        ]
        return [part for part in parts if part]

    def is_shy(self, notice: LetterNotice, rooms: Rooms) -> bool:
        """Whether it is about a booking whose room a letter does not name."""
        is_about_booking = notice.thing.startswith(("booking:", "series:"))
        return is_about_booking and not allowed_facts(notice.facts, rooms).get("room")

    def _place_and_time(self, facts: dict[str, Any], rooms: Rooms) -> str:
        return self._joined(self._room(facts.get("room", ""), rooms), self._span(facts, "starts_at", "ends_at"))

    def _former(self, facts: dict[str, Any], rooms: Rooms) -> str:
        place = self._room(facts.get("former_room", ""), rooms)
        before = self._joined(place, self._span(facts, "former_starts_at", "former_ends_at"))
        return self.say(N_("before: %(former)s")) % {"former": before} if before else ""

    def _more(self, facts: dict[str, Any]) -> list[str]:
        """What other kinds than bookings say: a thing, a number, a day, a text of somebody."""
        day = facts.get("day")
        until = self.say(N_("until %(time)s")) % {"time": self.fmt.date(date.fromisoformat(day))} if day else ""
        kind = self.say(FAULT_KINDS.get(facts.get("fault_kind", ""), "") or FEATURES.get(facts.get("feature", ""), ""))
        silent = self.ngettext("%(n)s device", "%(n)s devices", facts["silent"]) if facts.get("silent") else ""
        last = {"day": self.fmt.date(date.fromisoformat(facts["made_on"]))} if facts.get("made_on") else None
        return [
            self.ngettext("%(n)s date", "%(n)s dates", facts["dates"]) if facts.get("dates") else "",
            str(facts.get("name", "")),
            silent,
            kind,
            self.say(N_("the last one is of %(day)s")) % last if last else "",
            str(facts.get("number", "")),
            until,
            str(facts.get("text", "")),
        ]

    def _room(self, code: str, rooms: Rooms) -> str:
        if code not in rooms:
            return code
        room = rooms[code]
        return f"{code} {room.name_en if self.language == 'en' and room.name_en else room.name}"

    def _span(self, facts: dict[str, Any], start: str, end: str) -> str:
        if not facts.get(start) or not facts.get(end):
            return ""
        starts_at, ends_at = datetime.fromisoformat(facts[start]), datetime.fromisoformat(facts[end])
        return f"{self.fmt.day(starts_at)}, {self.fmt.span(starts_at, ends_at)}"

    def _joined(self, *parts: str) -> str:
        return ", ".join(part for part in parts if part)

    def topic(self, code: str) -> tuple[str, str]:
        """What a topic is called, and what more of it."""
        word, more = TOPIC_WORDS[code]
        return self.say(word), self.say(more)

    def timing(self, timing: str) -> str:
        return self.say(TIMING_WORDS[Timing(timing)])

    def letter_state(self, state: str) -> tuple[str, str]:
        """The word and the tone."""
        word, tone = STATE_LOOKS[LetterState(state)]
        return self.say(word), tone


def href_of(notice: LetterNotice) -> str:
    """The page that a notice leads to; the notices themselves where there is none."""
    kind, _, name = notice.thing.partition(":")
    return _PAGES[kind].format(name) if kind in _PAGES else "/notices"


_PAGES = {
    "booking": "/bookings/{}",
    "series": "/series/{}",
    "fault": "/faults/{}",
    "asset": "/assets/{}",
    "room": "/rooms/{}",
    "due": "/due",
    "stocktake": "/stocktakes/{}",
    "device": "/devices",
    "outbox": "/admin/outbox",
}
