"""From a door to the fragment that shows it: the door itself, and the questions and answers that take its place."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from markupsafe import Markup

from registry.core.errors import Refusal
from registry.core.qr import qr_code
from registry.devices.pairing import Offer, spaced_code
from registry.doors.phrases import LANGUAGES, NAMES, REFUSED, say
from registry.doors.policy import PHONE, PIN
from registry.doors.queries import from_minute
from registry.doors.view import (
    FAULTS,
    Act,
    DayStrip,
    DoorState,
    DoorView,
    Guide,
    OpenDoor,
    TimedDoor,
    acts,
    common,
    guides,
    long_date,
    span_words,
    texts,
    to_reception,
)
from web.kit.render import Pages

BACK_SECONDS, PROOF_SECONDS, THANKS_SECONDS = 20, 60, 6
DarkHours = tuple[int, int]  # from this hour until that one
USUAL_NIGHT: DarkHours = (20, 6)
TWO_LINES, LONG_WORD, MIDDLE_WORD = 16, 12, 6
TEMPLATE = "panel/door.html"


@dataclass(frozen=True, slots=True)
class Button:
    """``asks`` leads to another view; without it the tap is a command."""

    name: str
    value: str | int
    look: str = ""
    icon: str = ""
    asks: bool = False


BACK = Button("view", "door", "quiet", asks=True)


@dataclass(frozen=True, slots=True)
class ScreenLayout:
    """What the template needs beside the words."""

    number: str
    state: str
    now: str
    home: str
    lang: str
    view: str = "door"
    link: str = "live"
    fit: str = "s"
    night: bool = False
    holds: int = 0
    back: int = 0
    id: str = ""
    minutes: int = 0
    booking: str = ""
    revision: int = 0
    asks_pin: bool = False
    here: str = "/panel?"
    guides: Sequence[Guide] = ()
    day: Mapping[str, Any] | None = None
    week: Sequence[Mapping[str, Any]] = ()
    acts: Sequence[Button] = ()
    faults: Sequence[str] = ()
    can_report: bool = True
    qr: str = ""
    qr_scale: float = 1


@dataclass(frozen=True, slots=True)
class Screen:
    """A fragment, and what the page around it must know of it."""

    layout: ScreenLayout
    words: Mapping[str, Mapping[str, str]] = field(hash=False)
    markup: Markup


def look(view: DoorView, dark: DarkHours = USUAL_NIGHT) -> tuple[object, ...]:
    """What would be seen of a door: equal for two doors that look alike, whatever their revision."""
    local = view.as_of.astimezone(view.zone)
    is_moving = isinstance(view, OpenDoor)
    moment = local.replace(second=0, microsecond=0) if is_moving else local.date()
    return replace(view, revision=0, as_of=view.as_of.min), moment, is_night(local, dark)


def is_night(local: datetime, dark: DarkHours = USUAL_NIGHT) -> bool:
    """Whether a bright field would light the corridor; never where the hours are the same."""
    begins, ends = dark
    if begins <= ends:
        return begins <= local.hour < ends
    return local.hour >= begins or local.hour < ends


def at_hour(pages: Pages, screen: Screen, view: DoorView, dark: DarkHours) -> Screen:
    """The screen as this panel shows it at its hour: dark in its own dark hours."""
    night = is_night(view.as_of.astimezone(view.zone), dark)
    return screen if night == screen.layout.night else _screen(pages, replace(screen.layout, night=night), screen.words)


def fit(word: str) -> str:
    """Long words get a smaller size, so that every language fits the same slot. As in panel.js."""
    if " " in word and len(word) > TWO_LINES:
        return "xl"
    if " " in word and len(word) > 10 or len(word) > LONG_WORD:
        return "l"
    return "m" if len(word) > MIDDLE_WORD else "s"


def door_screen(pages: Pages, view: DoorView, languages: Sequence[str], lang: str = "") -> Screen:
    """The door as it is."""
    layout = _layout(
        view,
        languages,
        lang,
        state=view.state.value,
        holds=_holds(view),
        guides=guides(view),
        day=_band(view.day, view) if isinstance(view, OpenDoor) and view.state is not DoorState.CLOSED else None,
        week=_week(view),
        acts=[_button(act, len(acts(view))) for act in acts(view)],
        **_about(view),
    )
    return _screen(pages, layout, {language: texts(view, language) for language in languages})


def _about(view: DoorView) -> dict[str, Any]:
    """Which booking a tap is about, and as of which change of the room's bookings it was shown."""
    if not isinstance(view, OpenDoor) or not view.booking:
        return {}
    return {"booking": view.booking, "revision": view.plan_revision}


def _holds(view: DoorView) -> int:
    """Until when, in seconds of the epoch, a panel without a connection may go on saying this by the plan: only what
    keeps people waiting, for somebody may have come into a free room since.
    """
    if not isinstance(view, TimedDoor) or view.until is None or view.state not in (DoorState.BUSY, DoorState.CLOSED):
        return 0
    return int(view.until.timestamp())


def stale_screen(pages: Pages, view: DoorView, languages: Sequence[str]) -> Screen:
    """What the panel shows when it has heard nothing: that it does not know, and what to do."""
    reception = to_reception(view)
    advice = (Guide("please_knock", "knock"), *((reception,) if reception else ()))
    layout = _layout(view, languages, state="stale", link="stale", guides=advice, can_report=False)
    words = {}
    for language in languages:
        word = say("dont_know", language)
        words[language] = {
            **common(view, language),
            "word": word,
            "short": word,
            "until": say("whether_free", language),
            **{f"guide{n}": say(guide.phrase, language) for n, guide in enumerate(advice, 1)},
        }
    return _screen(pages, layout, words)


def failed_screen(pages: Pages, view: DoorView, languages: Sequence[str]) -> Screen:
    """What the panel shows when a tap was not answered."""
    return _note(
        pages, view, languages, "", "refused", BACK_SECONDS,
        lambda language: {"word": say("refused", language), "until": say("no_answer", language)},
    )  # fmt: skip


def book_screen(pages: Pages, view: OpenDoor, minutes: int, languages: Sequence[str], lang: str) -> Screen:
    """Is this what you want? Its id makes a second tap the same booking."""
    start = from_minute(view.as_of)
    span = (start, start + timedelta(minutes=minutes))
    buttons = (
        Button("command", "book", "big", "check"),
        BACK,
    )
    layout = _layout(
        view, languages, lang, state="free", view="book", back=BACK_SECONDS, acts=buttons, minutes=minutes,
        day=_band(view.day, view, span), id=secrets.token_urlsafe(12), here=f"/panel?book={minutes}&",
    )  # fmt: skip
    return _screen(
        pages,
        layout,
        _each(
            view,
            languages,
            lambda language: {
                "word": say("minutes", language, n=minutes),
                "until": span_words(span, view.zone).replace("–", " – "),
                "more": say("no_name", language),
                "short": say("booking", language),
                "day": texts(view, language)["day"],
                "a1": say("yes_book", language),
                "a2": say("cancel", language),
            },
        ),
    )


def end_screen(pages: Pages, view: OpenDoor, languages: Sequence[str], lang: str, phone_address: str) -> Screen:
    """A passer-by's tap should not end somebody's meeting: it is asked about the one that runs now, and, where it was
    not booked at this door, for a proof. ``phone_address`` is the page where its organizer ends it.
    """
    asks_pin, asks_phone = PIN in view.ways_to_end, PHONE in view.ways_to_end
    buttons = (Button("command", "end", "big", "check"), BACK) if asks_pin or not view.ways_to_end else (BACK,)
    qr, qr_scale = _picture(phone_address) if asks_phone else ("", 1)
    layout = _layout(
        view, languages, lang, state=view.state.value, view="proof" if asks_phone else "book", acts=buttons,
        back=PROOF_SECONDS if view.ways_to_end else BACK_SECONDS, day=_band(view.day, view), asks_pin=asks_pin,
        id=secrets.token_urlsafe(12), here="/panel?view=end&", **_about(view),
        qr=qr, qr_scale=qr_scale,
    )  # fmt: skip
    yes = {"a1": "yes_end", "a2": "back"} if len(buttons) > 1 else {"a1": "back"}
    more = ("end_phone" if asks_phone else "end_proof") if view.ways_to_end else "end_frees"
    keys = {"word": "end_question", "more": more, "pin": "end_pin" if asks_pin else "", "short": "busy"} | yes
    return _screen(
        pages,
        layout,
        _each(
            view,
            languages,
            lambda language: {
                "day": texts(view, language)["day"],
                **{name: say(key, language) for name, key in keys.items() if key},
            },
        ),
    )


def fault_screen(pages: Pages, view: DoorView, languages: Sequence[str], lang: str) -> Screen:
    """What does not work? Pictures and few words, nothing to type."""
    layout = _layout(
        view, languages, lang, state="unknown", view="fault", back=BACK_SECONDS, faults=FAULTS, can_report=False,
        acts=(BACK,), id=secrets.token_urlsafe(12),
        here="/panel?view=fault&",
    )  # fmt: skip
    return _screen(
        pages,
        layout,
        _each(
            view,
            languages,
            lambda language: {
                "word": say("fault_question", language),
                "short": say("fault", language),
                "a1": say("back", language),
            },
        ),
    )


def thanks_screen(pages: Pages, view: DoorView, languages: Sequence[str], lang: str) -> Screen:
    """The fault report has arrived."""
    return _note(
        pages, view, languages, lang, "thanks", THANKS_SECONDS,
        lambda language: {"word": say("thanks", language), "until": say("fault_sent", language)},
    )  # fmt: skip


def refused_screen(pages: Pages, view: DoorView, refusal: Refusal, languages: Sequence[str], lang: str) -> Screen:
    """Why not, and where instead."""
    others = sorted(
        {str(offer["room"]) for offer in refusal.params.get("alternatives", ()) if offer["reason"] == "other_room"}
    )
    numbers = ", ".join(others)
    return _note(
        pages, view, languages, lang, "refused", BACK_SECONDS,
        lambda language: {
            "word": say("refused", language),
            "until": say(REFUSED.get(refusal.code, "refused_other"), language),
            "more": say("refused_offer", language, rooms=numbers) if numbers else "",
        },
    )  # fmt: skip


def _note(
    pages: Pages, view: DoorView, languages: Sequence[str], lang: str, state: str, back: int, phrases: Any
) -> Screen:
    layout = _layout(
        view, languages, lang, state=state, view="note", back=back, can_report=False,
        acts=(BACK,), here="/panel?",
    )  # fmt: skip
    words = _each(
        view,
        languages,
        lambda language: {**phrases(language), "short": phrases(language)["word"], "a1": say("back", language)},
    )
    return _screen(pages, layout, words)


def pairing_screen(pages: Pages, offer: Offer, address: str, now: datetime, lang: str) -> Screen:
    """A tablet without a room: its code, a picture of it for the phones of the staff, and what to do."""
    local = now.astimezone(pages.formats("pl").zone)
    qr, qr_scale = _picture(address)
    layout = ScreenLayout(
        number=pages.options.title, state="pairing", view="pair", now=local.strftime("%H:%M"), home=LANGUAGES[0],
        lang=lang, fit="m", can_report=False, qr=qr, qr_scale=qr_scale,
    )  # fmt: skip
    words = {
        language: {
            "word": spaced_code(offer.code),
            "place": say("new_panel", language),
            "short": say("new_panel", language),
            "until": say("no_room_yet", language),
            "date": long_date(local, language),
            "choose": say("choose_language", language),
            **{f"step{n}": say(f"pair_step_{n}", language) for n in (1, 2, 3)},
        }
        for language in LANGUAGES
    }
    return _screen(pages, layout, words)


@lru_cache(256)
def _picture(address: str) -> tuple[str, float]:
    """The QR code of an address as the path of a drawing, and its scale. It takes as long as a page to find."""
    code = qr_code(address)
    return code.path, round(176 / code.size, 4)


def _layout(door: DoorView, languages: Sequence[str], lang: str = "", **more: Any) -> ScreenLayout:
    local = door.as_of.astimezone(door.zone)
    return ScreenLayout(
        number=door.number,
        now=local.strftime("%H:%M"),
        home=languages[0],
        lang=lang if lang in languages else languages[0],
        night=is_night(local),
        **more,
    )


def _each(view: DoorView, languages: Sequence[str], phrases: Any) -> dict[str, dict[str, str]]:
    every = {language: {**common(view, language), **phrases(language)} for language in languages}
    return {language: {key: text for key, text in words.items() if text} for language, words in every.items()}


def _button(act: Act, count: int) -> Button:
    if act.command == "book":
        return Button("book", act.minutes or 0, asks=True)
    if act.command == "end":
        return Button("view", "end", "quiet", asks=True)
    if act.command == "check_in":
        return Button("command", "check_in", "big" if count == 1 else "", "check")
    return Button("command", act.command, "quiet")


def _band(day: DayStrip, view: DoorView, mine: tuple[datetime, datetime] | None = None) -> dict[str, Any]:
    minutes = (day.last_hour - day.first_hour) * 60
    now = _minute(view.as_of, day)
    bars = []
    for start, end in (*day.busy, *((mine,) if mine else ())):
        first, last = max(0, _minute(start, day)), min(minutes, _minute(end, day))
        style = "mine" if (start, end) == mine else "past" if end <= view.as_of else "b"
        if last > first:
            bars.append({"start": first, "end": last, "look": style})
    return {
        "minutes": minutes,
        "now": now if 0 <= now <= minutes else None,
        "bars": bars,
        "hours": range(day.first_hour, day.last_hour + 1),
    }


def _minute(at: datetime, day: DayStrip) -> int:
    return int((at - day.starts_at).total_seconds() // 60)


def _week(view: DoorView) -> list[dict[str, Any]]:
    openings = view.week if isinstance(view, TimedDoor) else ()
    return [
        {"next": opening.is_next, "hours": [f"{_wall(opens)}–{_wall(closes)}" for opens, closes in opening.spans]}
        for opening in openings
    ]


def _wall(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _screen(pages: Pages, layout: ScreenLayout, words: Mapping[str, Mapping[str, str]]) -> Screen:
    home = words[layout.lang]
    layout = replace(layout, fit=layout.fit if layout.view == "pair" else fit(home["word"]))
    markup = (
        pages.environment("pl")
        .get_template(TEMPLATE)
        .render(
            s=layout,
            w=home,
            words=words,
            words_json=orjson.dumps(words).decode(),
            languages=[(code, NAMES[code]) for code in words],
        )
    )
    return Screen(layout, words, Markup(markup))  # noqa: S704  # rendered by an escaping template
