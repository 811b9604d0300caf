"""What the pages of places show: a room's settings, what they will do, and what a change of them would."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.devices.models import DeviceKind
from registry.devices.occupancy import PROVES_PEOPLE
from registry.devices.queries import devices_of_room
from registry.people.models import Institution, Person
from registry.places.misfits import Misfit
from registry.places.queries import RoomProposal
from registry.rooms.hours import Hours
from registry.rooms.models import HELP_POINT, Room, Visibility
from registry.rooms.queries import hours_of
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.places.words import CLASSES, PLACES, PlaceWords, RoomRules
from web.rooms.plan import opening_week

SHOWN_MISFITS = 30
VISITS_STAY = N_(
    "Visits that were booked here, the past ones too, stay confidential. What is booked from now on is open."
)
DOORS_CHANGE = N_("The doors beside it on the floor change their looks with it, so that none gives itself away.")


@dataclass(frozen=True, slots=True)
class RuleSentence:
    """One thing that the settings will do; ``is_new`` where they do another today."""

    name: str
    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class ClassChange:
    """What is to be seen somewhere of a room of this class, today and after."""

    place: str
    present: str
    after: str


@dataclass(frozen=True, slots=True)
class MisfitLine:
    """A booking that no longer fits, as it is named."""

    id: str
    title: str
    when: str
    why: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change of a room would do."""

    sentences: Sequence[RuleSentence]
    classes: Sequence[ClassChange]
    warnings: Sequence[str]
    misfits: Sequence[MisfitLine]
    misfit_count: int
    changes: int


async def effects_of(
    room: Room,
    proposal: RoomProposal,
    former: Sequence[Institution],
    institutions: Sequence[Institution],
    approvers: Sequence[Person],
    context: PageContext,
) -> Effects:
    """What a room's settings do, and what a proposal would do instead; who approves is set by another form."""
    words = PlaceWords.of(context.words)
    is_sensed = await _is_sensed(room)
    names = [person.name for person in approvers]
    today = words.sentences(await _rules(room, former, is_sensed, names, context))
    after = words.sentences(await _rules(proposal.room, institutions, is_sensed, names, context))
    sentences = [RuleSentence(name, text, text != today[name]) for name, text in after.items() if text]
    return Effects(
        sentences=sentences,
        classes=class_changes(room.visibility, proposal.room.visibility, context),
        warnings=_warnings(room, proposal, context),
        misfits=misfit_lines(proposal.misfits, context),
        misfit_count=len(proposal.misfits),
        changes=sum(sentence.is_new for sentence in sentences),
    )


async def _is_sensed(room: Room) -> bool:
    devices = await devices_of_room(room.id)
    return any(device.kind is DeviceKind.PRESENCE and device.sensing in PROVES_PEOPLE for device in devices)


async def _rules(
    room: Room, institutions: Sequence[Institution], is_sensed: bool, approvers: Sequence[str], context: PageContext
) -> RoomRules:
    names = [institution.code for institution in institutions]
    return RoomRules(room, names, week_in_words(await hours_of(room), context), is_sensed, approvers)


def week_in_words(hours: Hours, context: PageContext) -> str:
    """„pon.–pt. 7:30–15:30”; empty for always."""
    if not hours.spans:
        return ""
    fmt, parts = context.fmt, []
    for row in opening_week(hours, context.today):
        if row.spans:
            first, last = fmt.weekday(row.first), fmt.weekday(row.last)
            days = first if row.first == row.last else f"{first}–{last}"
            spans = ", ".join(f"{fmt.hm(opens)}–{fmt.hm(closes)}" for opens, closes in row.spans)
            parts.append(f"{days} {spans}")
    return "; ".join(parts) or context.say(N_("on no day of this week"))


def class_changes(present: Visibility, after: Visibility, context: PageContext) -> list[ClassChange]:
    """What a class shows where, today and after; nothing where it stays."""
    if present is after:
        return []
    say, one, other = context.say, CLASSES.index(present), CLASSES.index(after)
    return [ClassChange(say(place), say(looks[one]), say(looks[other])) for place, looks in PLACES]


def _warnings(room: Room, proposal: RoomProposal, context: PageContext) -> list[str]:
    """What a change of class does to what is there."""
    present, after = room.visibility, proposal.room.visibility
    ngettext, warnings = context.words.ngettext, []
    if present not in HELP_POINT and after in HELP_POINT and proposal.titles:
        warnings.append(
            ngettext(
                "%(n)s booking ahead has a title that others no longer see. What they saw is not taken back.",
                "%(n)s bookings ahead have titles that others no longer see. What they saw is not taken back.",
                proposal.titles,
            )
        )
    if present in HELP_POINT and after not in HELP_POINT:
        warnings.append(context.say(VISITS_STAY))
    if (present in HELP_POINT) != (after in HELP_POINT):
        warnings.append(context.say(DOORS_CHANGE))
    return warnings


def misfit_lines(misfits: Sequence[Misfit], context: PageContext) -> list[MisfitLine]:
    """The first of them, as they are named to who runs rooms."""
    return [_misfit_line(misfit, context) for misfit in misfits[:SHOWN_MISFITS]]


def _misfit_line(misfit: Misfit, context: PageContext) -> MisfitLine:
    booking = misfit.booking
    who = booking.organizer.name if booking.organizer else context.say(N_("booked at the door"))
    return MisfitLine(
        id=str(booking.id),
        title=booking.title or who,
        when=context.words.day_span(booking.starts_at, booking.ends_at, context.now),
        why=" ".join(context.words.refusal(reason) for reason in misfit.reasons),
    )
