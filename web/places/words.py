"""What the settings of a room are called, and what they will do, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.bookings.state import LONG
from registry.core.errors import N_
from registry.doors.policy import ANYONE, EMPTY, PHONE, PIN, proofs_of
from registry.rooms.models import HELP_POINT, HoursPolicy, Room, RoomKind, Visibility
from web.kit.words import NN_, Words

KIND_WORDS = {
    RoomKind.RECEPTION: N_("reception"),
    RoomKind.OFFICE: N_("office room"),
    RoomKind.CONSULTATION: N_("consultation room"),
    RoomKind.DUTY: N_("duty room"),
    RoomKind.INTERVIEW: N_("interview room"),
    RoomKind.FAMILY: N_("family room"),
    RoomKind.SERVICE: N_("service room"),
    RoomKind.WC: N_("toilet"),
    RoomKind.STORE: N_("store room"),
    RoomKind.CORRIDOR: N_("corridor"),
    RoomKind.CONFERENCE: N_("conference room"),
    RoomKind.MEETING: N_("meeting room"),
    RoomKind.TECHNICAL: N_("technical room"),
}
# what a class is called, and what it means in one line
CLASS_WORDS = {
    Visibility.PUBLIC: (N_("public"), N_("everybody who is signed in reads the title, and so does the door.")),
    Visibility.INTERNAL: (N_("internal"), N_("the title stays with its institution; the door says “Meeting”.")),
    Visibility.CONFIDENTIAL: (N_("confidential"), N_("others see only that it is taken, and until when.")),
    Visibility.HIDDEN: (N_("hidden"), N_("others see only free or taken, and no times.")),
}
# where a class shows, and what is to be seen there of each: public, internal, confidential, hidden
PLACES = (
    (
        N_("Door panel"),
        (
            N_("title, the day, what can be done"),
            N_("“Meeting”, the day, what can be done"),
            N_("until when, and what a visitor should do"),
            N_("free or taken, and what a visitor should do"),
        ),
    ),
    (
        N_("MQTT and event stream"),
        (
            N_("state, until when, next booking"),
            N_("state, until when, next booking"),
            N_("free or taken, until when"),
            N_("free or taken, no times"),
        ),
    ),
    (
        N_("Calendar of others"),
        (
            N_("title, who meets, what for"),
            N_("institution and kind; the title for its own people"),
            N_("a bar without words"),
            N_("nothing"),
        ),
    ),
    (
        N_("New bookings"),
        (
            N_("with a title"),
            N_("with a title"),
            N_("without a title; consultation, interview, family, duty"),
            N_("without a title; consultation, interview, family, duty"),
        ),
    ),
    (
        N_("Who may book"),
        (
            N_("whom the rules below name"),
            N_("whom the rules below name"),
            N_("whom the rules below name"),
            N_("duty officers and coordinators"),
        ),
    ),
    (
        N_("Released by itself"),
        (N_("as the rules below say"), N_("as the rules below say"), N_("never"), N_("never")),
    ),
    (
        N_("What sensors saw"),
        (
            N_("kept for some weeks"),
            N_("kept for some weeks"),
            N_("the last presence only"),
            N_("the last presence only"),
        ),
    ),
)
CLASSES = tuple(Visibility)
PROOF_WORDS = {
    PHONE: (
        N_("The organizer's phone"),
        N_("The door shows a picture; who scans it signs in and ends their booking."),
    ),
    EMPTY: (N_("An empty room"), N_("While the sensors are sure that nobody is in.")),
    PIN: (N_("The PIN of the room"), N_("Five wrong ones, and the door waits five minutes.")),
    ANYONE: (N_("Nothing: anybody may end anything"), N_("Whoever passes can end the meeting of somebody else.")),
}
SEEN_WORDS = {
    Visibility.PUBLIC: N_("Everybody who is signed in reads what a booking is about, and so does who passes the door."),
    Visibility.INTERNAL: N_(
        "Its own institution reads what a booking is about; others see who meets and when, and the door says “Meeting”."
    ),
    Visibility.CONFIDENTIAL: N_("Others see only that the room is taken, and until when."),
    Visibility.HIDDEN: N_("Others see only whether the room is free or taken, and no times."),
}


@dataclass(frozen=True, slots=True)
class RoomRules:
    """What of a room's rules a sentence speaks of: the room, who alone may book it, its week in words, whether a
    sensor of it can say that nobody is there, and the names of its approvers.
    """

    room: Room
    institutions: Sequence[str]
    hours: str
    is_sensed: bool
    approvers: Sequence[str] = ()


class PlaceWords(Words):
    """The words of the pages about places."""

    def kind(self, kind: str) -> str:
        return self.say(KIND_WORDS[RoomKind(kind)])

    def visibility(self, visibility: str) -> str:
        return self.say(CLASS_WORDS[Visibility(visibility)][0])

    def sentences(self, rules: RoomRules) -> dict[str, str]:
        """What a room's rules will do, sentence by sentence."""
        room = rules.room
        return {
            "see": self.say(SEEN_WORDS[room.visibility]),
            "hours": self._hours(rules),
            "buffers": self._buffers(room),
            "book": self._book(rules),
            "approval": self._approval(rules),
            "check_in": self._check_in(room),
            "release": self._release(rules),
            "vacant": self._vacant(rules),
            "door": self._door(rules),
        }

    def _hours(self, rules: RoomRules) -> str:
        if not rules.hours:
            return self.say(N_("Always open."))
        text = self.say(N_("Open %(hours)s.")) % {"hours": rules.hours}
        beyond = (
            N_("Outside of that only who runs rooms can book it.")
            if rules.room.hours_policy is HoursPolicy.STRICT
            else N_("Outside of that a booking stands, with a warning.")
        )
        return f"{text} {self.say(beyond)}"

    def _buffers(self, room: Room) -> str:
        if not room.setup_minutes and not room.cleanup_minutes:
            return self.say(N_("Bookings may follow one another without a break."))
        first, last = 10 * 60 - room.setup_minutes, 11 * 60 + room.cleanup_minutes
        return self.say(N_("A booking from 10:00 to 11:00 takes the room from %(since)s to %(until)s.")) % {
            "since": self.fmt.hm(first),
            "until": self.fmt.hm(last),
        }

    def _book(self, rules: RoomRules) -> str:
        room = rules.room
        if not room.bookable:
            return self.say(N_("Nobody can book this room."))
        if room.visibility is Visibility.HIDDEN:
            who = self.say(N_("Duty officers and coordinators book it"))
        else:
            who = self.say(N_("Everybody books it"))
        if rules.institutions:
            names = ", ".join(rules.institutions)
            who = self.say(N_("Only people of these institutions book it (%(names)s)")) % {"names": names}
        return self.say(N_("%(who)s, for %(shortest)s to %(longest)s, at most %(days)s ahead.")) % {
            "who": who,
            "shortest": self.fmt.duration(room.min_minutes),
            "longest": self.fmt.duration(room.max_hours * 60),
            "days": self.ngettext(*NN_("%(n)s day", "%(n)s days"), room.max_days_ahead),
        }

    def _approval(self, rules: RoomRules) -> str:
        if not rules.approvers:
            return ""
        text = self.say(N_("What others book waits until one of these approves it: %(names)s."))
        return text % {"names": ", ".join(rules.approvers)}

    def _check_in(self, room: Room) -> str:
        if not room.check_in:
            return self.say(N_("Nobody is asked to say that they came."))
        return self.say(N_("Who comes says so, at the door or here; where a sensor sees them, it does it for them."))

    def _release(self, rules: RoomRules) -> str:
        room = rules.room
        if room.visibility in HELP_POINT:
            return self.say(N_("A booking of this room is never released by itself."))
        if room.no_show_minutes is None:
            return self.say(N_("When nobody comes, the booking stands to its end."))
        text = self.ngettext(
            *NN_(
                "When nobody comes, the room is free again %(n)s minute after the start.",
                "When nobody comes, the room is free again %(n)s minutes after the start.",
            ),
            room.no_show_minutes,
        )
        return f"{text} {self._evidence(rules)}"

    def _vacant(self, rules: RoomRules) -> str:
        room = rules.room
        if room.visibility in HELP_POINT:
            return ""
        if room.vacant_minutes is None:
            return self.say(N_("When everybody has left, the rest of the time stays theirs."))
        return self.ngettext(
            *NN_(
                "When everybody has left, the rest of the time is free again after %(n)s minute of emptiness.",
                "When everybody has left, the rest of the time is free again after %(n)s minutes of emptiness.",
            ),
            room.vacant_minutes,
        )

    def _evidence(self, rules: RoomRules) -> str:
        if not rules.is_sensed:
            return self.say(N_("No sensor here can say that nobody is in, so for now nothing is released."))
        hours = int(LONG.total_seconds() // 3600)
        text = N_(
            "Only a sensor that itself says “empty” does it; a silent one releases nothing, and bookings of %(hours)s"
            " hours and more are left alone."
        )
        return self.say(text) % {"hours": hours}

    def _door(self, rules: RoomRules) -> str:
        room = rules.room
        if room.visibility in HELP_POINT:
            return self.say(N_("The door says whether to come in or to wait, and offers nothing to tap."))
        proofs = proofs_of(room.door_proofs)
        ways = [self.say(PROOF_WORDS[proof][0]).lower() for proof in proofs if proof != PIN or room.door_pin]
        books = N_("Nothing is booked at the door.")
        if room.panel_books and room.bookable:
            books = N_("At the door anybody books for now, checks in and extends.")
            if rules.approvers:
                books = N_("Nobody books at the door, for nobody could approve it; people check in and extend there.")
        if ANYONE in proofs:
            ends = self.say(N_("Anybody may end there what runs."))
        elif ways:
            ends = self.say(N_("What was booked elsewhere is ended there with: %(ways)s.")) % {"ways": ", ".join(ways)}
        else:
            ends = self.say(N_("What was booked elsewhere is not ended there."))
        return f"{self.say(books)} {ends}"
