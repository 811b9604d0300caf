"""What bookings, their kinds, states and changes are called, and what a sensor said of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from registry.bookings.models import Booking, Status
from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan, VisibleBooking
from registry.bookings.rules import CANCELLATION_REASONS, REJECTION_REASONS, STATUSES
from web.kit.words import N_
from web.rooms.words import RoomWords

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
TONES = {"tentative": "warn", "checked_in": "good", "released": "warn", "cancelled": "bad", "rejected": "bad"}
REASONS = {**CANCELLATION_REASONS, **REJECTION_REASONS}
CONDITIONS = {"faulty": N_("faulty"), "in_repair": N_("in repair")}
DONE = {
    "booked": N_("Booked."),
    "booked_before": N_("This was booked already, once, by the same form."),
    "changed": N_("The booking was changed."),
    "checked_in": N_("Check-in done. The room is yours."),
    "extended": N_("Extended."),
    "ended": N_("Ended. The room is free again."),
    "cancelled": N_("The booking was cancelled."),
    "undone": N_("The room is yours again."),
    "asked": N_("Asked. The time is kept for you until somebody answers."),
    "approved": N_("Approved. The organizer is told."),
    "rejected": N_("Refused. The organizer is told, and the time is free again."),
    "answer_undone": N_("The answer is taken back; the booking waits again."),
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
    "end_undone": N_("End undone"),
    "resumed": N_("Runs on: a wrong clock had ended it"),
    "cancel_undone": N_("Cancellation undone"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
    "answer_undone": N_("Answer taken back"),
    "lapsed": N_("Declined by itself: nobody answered before its start"),
    "handed_over": N_("Handed over to somebody else"),
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
    "stuck": N_("had seen somebody for hours on end"),
    "contradicted": N_("saw somebody where another sensor saw nobody"),
    "passages": N_("counted nobody, which proves nothing"),
    "drift": N_("had counted less than nobody before"),
    "left": N_("had left its network"),
    "renamed": N_("had another name in its network"),
    "clock": N_("had a wrong clock"),
    "tamper": N_("had been tampered with"),
}


class BookingWords(RoomWords):
    """The words of the pages about bookings."""

    def kind(self, kind: str) -> str:
        return self.say(KINDS[str(kind)])

    def status(self, status: str) -> str:
        return self.say(STATUSES[Status(str(status))])

    def tone(self, status: str) -> str:
        return TONES.get(str(status), "")

    def done(self, what: str) -> str:
        return self.say(DONE.get(what, ""))

    def act(self, action: str) -> str:
        return self.say(ACTS.get(action, action))

    def reason(self, reason: str) -> str:
        """Why a booking was taken back or not approved: of the list where there is one, else as it was written."""
        return self.say(REASONS.get(reason, reason)) if reason else ""

    def title(self, booking: VisibleBooking) -> str:
        """What stands on a booking's band: its title, else its kind; in a room that keeps quiet, that it is taken."""
        if isinstance(booking, BusySpan):
            return self.say(N_("Taken"))
        if booking.public_text:
            return self.public_text(booking.public_text)
        if isinstance(booking, MeetingSpan):
            return self.kind(booking.kind)
        return booking.title or self.kind(booking.kind)

    def public_text(self, texts: Mapping[str, str]) -> str:
        """What a block has for strangers, in this language where it was written in it."""
        return texts.get(self.language) or texts.get("pl") or next(iter(texts.values()), "")

    def details(self, booking: VisibleBooking | None) -> str:
        """The second line of a band, after its times."""
        if isinstance(booking, MeetingSpan):
            waits = self.say(N_("waits for approval")) if booking.status == "tentative" else ""
            return " · ".join(part for part in (booking.institution or "", waits) if part)
        if not isinstance(booking, FullBooking):
            return ""
        parts = [self.people(booking.attendees) if booking.attendees else ""]
        if booking.status == "tentative":
            parts.append(self.say(N_("waits for approval")))
        if booking.status == "released":
            parts.append(self.say(N_("nobody came")))
        return " · ".join(part for part in parts if part)

    def subject(self, booking: Booking) -> str:
        """What one's own booking is called."""
        return booking.title or self.kind(booking.kind)

    def is_short(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a band has room for little more than its hours."""
        return ends_at - starts_at <= SHORT

    def brief(self, starts_at: datetime, ends_at: datetime) -> str:
        """„9–10”, for a band too narrow for „09:00–10:00”."""
        return "–".join(self._brief(at) for at in (starts_at, ends_at))

    def _brief(self, at: datetime) -> str:
        local = self.fmt.local(at)
        return f"{local.hour}:{local:%M}" if local.minute else str(local.hour)

    def evidence(self, line: dict[str, Any]) -> str:
        """What one sensor said, in a sentence."""
        sentence = self.say(N_("Sensor %(sensor)s %(said)s")) % {
            "sensor": line["sensor"],
            "said": self.say(SENSOR_REASONS.get(line["reason"], line["reason"])),
        }
        if line.get("since"):
            sentence += " " + self.say(N_("since %(time)s")) % {
                "time": self.fmt.time(datetime.fromisoformat(line["since"]))
            }
        if line.get("confirmed_at"):
            last = self.fmt.time(datetime.fromisoformat(line["confirmed_at"]))
            sentence += ", " + self.say(N_("last heard at %(time)s")) % {"time": last}
        return sentence + "."
