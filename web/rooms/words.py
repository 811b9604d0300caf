"""What kinds, features, floors, states and changes are called on the pages of rooms and bookings."""

from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date

from registry.bookings.models import Booking, Status
from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan, PublicState, VisibleBooking
from registry.bookings.rules import STATUSES
from registry.bookings.state import StateKind
from registry.core.errors import Refusal, words
from registry.rooms.models import Room
from web.kit.i18n import Formats, catalogue
from web.kit.words import N_, SLOT_WORDS

SHORT = timedelta(minutes=75)
KINDS = {
    "meeting": N_("Meeting"),
    "training": N_("Training"),
    "workshop": N_("Workshop"),
    "consultation": N_("Consultation"),
    "interview": N_("Interview"),
    "family": N_("Family visit"),
    "duty": N_("Duty"),
    "work": N_("Team work"),
    "block": N_("Block"),
}
FEATURES = {
    "projector": N_("projector"),
    "screen": N_("screen"),
    "hearing_loop": N_("hearing loop"),
    "step_free": N_("step-free access"),
    "video": N_("video conference"),
    "microphones": N_("microphones"),
    "flipchart": N_("flip chart"),
    "interpretation": N_("interpretation equipment"),
}
WORKING = {
    "projector": N_("working projector"),
    "hearing_loop": N_("working hearing loop"),
    "screen": N_("working screen"),
}
TONES = {"tentative": "warn", "checked_in": "good", "released": "warn", "cancelled": "bad", "rejected": "bad"}
CONDITIONS = {"faulty": N_("faulty"), "in_repair": N_("in repair")}
DONE = {
    "booked": N_("Booked."),
    "changed": N_("The booking was changed."),
    "checked_in": N_("Check-in done. The room is yours."),
    "extended": N_("Extended."),
    "ended": N_("Ended. The room is free again."),
    "cancelled": N_("The booking was cancelled."),
    "undone": N_("The room is yours again."),
}
ACTS = {
    "booked": N_("Booked"),
    "changed": N_("Changed"),
    "checked_in": N_("Check-in"),
    "extended": N_("Extended"),
    "ended": N_("Ended"),
    "cancelled": N_("Cancelled"),
    "released": N_("Released: nobody came"),
    "ended_vacant": N_("Ended by itself: the room was empty"),
    "release_undone": N_("Release undone"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
}
SENSOR_REASONS = {
    "sees_somebody": N_("saw somebody"),
    "held": N_("saw somebody a moment before"),
    "sees_nobody": N_("saw nobody"),
    "not_long_enough": N_("saw nobody, but not for long enough"),
    "stale": N_("had been silent for too long"),
    "offline": N_("was offline"),
    "disabled": N_("was switched off"),
    "battery": N_("had an empty battery"),
    "no_reading": N_("had said nothing yet"),
    "not_listening": N_("was not heard"),
}


class Naming:
    """The words of one language."""

    def __init__(self, language: str, fmt: Formats) -> None:
        self.language = language
        self.fmt = fmt
        self._words = catalogue(language)

    def say(self, text: str) -> str:
        return self._words.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self._words.ngettext(one, many, number) % {"n": number}

    def kind(self, kind: str) -> str:
        return self.say(KINDS[str(kind)])

    def feature(self, feature: str) -> str:
        return self.say(FEATURES[str(feature)])

    def working(self, feature: str) -> str:
        return self.say(WORKING[feature])

    def status(self, status: str) -> str:
        return self.say(STATUSES[Status(str(status))])

    def tone(self, status: str) -> str:
        return TONES.get(str(status), "")

    def condition(self, condition: str) -> str:
        return self.say(CONDITIONS[str(condition)])

    def slot(self, kind: str) -> str:
        return self.say(SLOT_WORDS[kind])

    def done(self, what: str) -> str:
        return self.say(DONE.get(what, ""))

    def act(self, action: str) -> str:
        return self.say(ACTS.get(action, action))

    def room(self, room: Room) -> str:
        """A room's name in the reader's language, as far as it has one."""
        return room.name_en if self.language == "en" and room.name_en else room.name

    def seats(self, room: Room) -> str:
        return self.ngettext("%(n)s seat", "%(n)s seats", room.capacity) if room.capacity else ""

    def floor(self, floor: int) -> str:
        if floor == 0:
            return self.say(N_("ground floor"))
        return self.say(N_("floor %(n)s")) % {"n": floor} if floor > 0 else self.say(N_("basement"))

    def title(self, seen: VisibleBooking, room: Room) -> str:
        """What stands on a booking's band: its title, else its kind; in a room that keeps quiet, that it is taken."""
        if isinstance(seen, BusySpan):
            return self.say(N_("Taken"))
        if isinstance(seen, MeetingSpan):
            return self.kind(seen.kind)
        return seen.title or self.kind(seen.kind)

    def details(self, seen: VisibleBooking | None) -> str:
        """The second line of a band, after its times."""
        if isinstance(seen, MeetingSpan):
            return seen.institution or ""
        if not isinstance(seen, FullBooking):
            return ""
        told = [self.people(seen.attendees) if seen.attendees else ""]
        if seen.status == "tentative":
            told.append(self.say(N_("waits for approval")))
        if seen.status == "released":
            told.append(self.say(N_("nobody came")))
        return " · ".join(part for part in told if part)

    def people(self, number: int) -> str:
        return self.ngettext("%(n)s person", "%(n)s people", number)

    def subject(self, booking: Booking) -> str:
        """What one's own booking is called."""
        return booking.title or self.kind(booking.kind)

    def until(self, state: PublicState, room: Room, now: datetime) -> str:
        """What a state's time means: until when, or from when."""
        if state.state is StateKind.UNKNOWN:
            return self.say(N_("checking") if state.is_settling else N_("the sensor is silent"))
        if state.until is None:
            # an unbooked visit has no end to tell, whatever the class of its room
            withheld = room.visibility == "hidden" and state.state is not StateKind.IN_USE_UNBOOKED
            return self.say(N_("without hours")) if withheld else ""
        at = self.moment(state.until, now)
        if state.state is StateKind.SOON:
            return self.say(N_("from %(time)s")) % {"time": at}
        return self.say(N_("until %(time)s")) % {"time": at}

    def moment(self, at: datetime, now: datetime) -> str:
        """13:05 today, else with the day: „jutro 7:30”, „pon. 7:30”, „26.11 7:30”."""
        days = (self.fmt.local(at).date() - self.fmt.local(now).date()).days
        if days == 0:
            return self.fmt.time(at)
        if days == 1:
            return f"{self.say(N_('tomorrow'))} {self.fmt.time(at)}"
        day = self.fmt.weekday(at) if 0 < days < 7 else self.fmt.short(at)
        return f"{day} {self.fmt.time(at)}"

    def day(self, when: date | datetime) -> str:
        """„Czwartek, 26 listopada”: the head of a page."""
        day = self.fmt.local(when).date() if isinstance(when, datetime) else when
        told: str = format_date(day, "EEEE, d MMMM" if self.language == "pl" else "EEEE d MMMM", self.fmt.locale)
        return told[:1].upper() + told[1:]

    def is_short(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a band has room for little more than its hours."""
        return ends_at - starts_at <= SHORT

    def brief(self, starts_at: datetime, ends_at: datetime) -> str:
        """„9–10”, for a band too narrow for „09:00–10:00”."""
        return "–".join(self._brief(at) for at in (starts_at, ends_at))

    def _brief(self, at: datetime) -> str:
        local = self.fmt.local(at)
        return f"{local.hour}:{local:%M}" if local.minute else str(local.hour)

    def day_span(self, starts_at: datetime, ends_at: datetime, now: datetime) -> str:
        """„dziś 11:00–12:30”"""
        days = (self.fmt.local(starts_at).date() - self.fmt.local(now).date()).days
        near = {0: self.say(N_("today")), 1: self.say(N_("tomorrow")), -1: self.say(N_("yesterday"))}.get(days)
        if near is None:
            near = f"{self.fmt.weekday(starts_at)} {self.fmt.short(starts_at)}"
        return f"{near} {self.fmt.span(starts_at, ends_at)}"

    def soon(self, starts_at: datetime, now: datetime) -> str:
        """„za 18 min”, within the hour before."""
        minutes = -((now - starts_at) // timedelta(minutes=1))
        return self.say(N_("in %(n)s min")) % {"n": minutes} if 0 < minutes < 60 else ""

    def refusal(self, refusal: Refusal) -> str:
        """A refusal with its params in the reader's words and clock."""
        return words(refusal.code, {name: self._param(name, given) for name, given in refusal.params.items()}, self.say)

    def _param(self, name: str, given: Any) -> Any:
        if name == "status":
            return self.status(given)
        if name in ("opens", "until") and isinstance(given, str):
            return self.fmt.time(datetime.fromisoformat(given))
        return given

    def evidence(self, one: dict[str, Any]) -> str:
        """What one sensor said, in a sentence."""
        told = self.say(N_("Sensor %(sensor)s %(said)s")) % {
            "sensor": one["sensor"],
            "said": self.say(SENSOR_REASONS.get(one["reason"], one["reason"])),
        }
        if one.get("since"):
            told += " " + self.say(N_("since %(time)s")) % {"time": self.fmt.time(datetime.fromisoformat(one["since"]))}
        if one.get("confirmed_at"):
            heard = self.fmt.time(datetime.fromisoformat(one["confirmed_at"]))
            told += ", " + self.say(N_("last heard at %(time)s")) % {"time": heard}
        return told + "."
