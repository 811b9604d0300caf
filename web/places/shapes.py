"""Places as programs send and read them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from registry.bookings.projections import viewer_of
from registry.core.errors import Invalid, words
from registry.doors.policy import proofs_of
from registry.people.models import Person
from registry.places.misfits import Misfit
from registry.places.queries import RoomSetup
from registry.places.rules import BUILT_IN, LENGTHS
from registry.rooms.models import Building, HoursPolicy, RoomKind, Visibility
from web.kit.answers import Instant, ListAnswer, local
from web.kit.body import LINE, LINES, NAME, Body, Changes, Login, Number, Whole, YesNo, left_out
from web.kit.i18n import Translate
from web.rooms.projection import RoomAnswer, SiteAnswer, room_answers

Proof = Annotated[str, Field(max_length=40), LINE]
Name = Annotated[str, Field(max_length=LENGTHS["name"]), LINE]
Code = Annotated[str, Field(max_length=40), LINE]
Small = Annotated[Whole, Field(ge=-1000, le=30_000)]


class DoorBody(Body):
    """What is left out stays as it is."""

    proofs: Annotated[list[Proof] | None, Field(max_length=10, description="pin, phone, empty; or anyone")] = None
    pin: Annotated[str | None, Field(max_length=40, description="4 to 8 digits; empty takes it away")] = None
    books: Annotated[YesNo | None, Field(description="whether the door offers to book and extend")] = None


class NamesBody(Changes):
    pl: Annotated[str, Field(max_length=LENGTHS["name"]), NAME] = left_out()
    en: Name = left_out()
    uk: Name = left_out()
    ru: Name = left_out()


class BuffersBody(Changes):
    setup_minutes: Small = left_out()
    cleanup_minutes: Small = left_out()


class LengthsBody(Changes):
    min_minutes: Small = left_out()
    max_hours: Small = left_out()
    max_days_ahead: Small = left_out()


PlaceCode = Annotated[str, Field(min_length=1, max_length=40), NAME]


class NewSiteBody(Body):
    """Without a code it is made of the name."""

    name: Annotated[str, Field(max_length=120), NAME]
    code: Code = ""
    timezone: Annotated[str, Field(max_length=60), LINE] = "Europe/Warsaw"


class SiteChangesBody(Changes):
    name: Annotated[str, Field(max_length=120), NAME] = left_out()
    timezone: Annotated[str, Field(max_length=60), NAME] = left_out()


class NewBuildingBody(Body):
    site: PlaceCode
    code: PlaceCode
    address: Annotated[str, Field(max_length=200), NAME]
    note: Annotated[str, Field(max_length=200), LINE] = ""
    step_free: YesNo = False


class BuildingChangesBody(Changes):
    address: Annotated[str, Field(max_length=200), NAME] = left_out()
    note: Annotated[str, Field(max_length=200), LINE] = left_out()
    step_free: YesNo = left_out()


class ClosingBody(Body):
    reason: Annotated[str, Field(max_length=300), LINE] = ""


class BuildingAnswer(BaseModel):
    code: str
    site: str
    address: str
    note: str
    step_free: bool
    rooms: int = Field(description="in use")
    closed_at: Instant | None


SitesAnswer = ListAnswer[SiteAnswer]
BuildingsAnswer = ListAnswer[BuildingAnswer]


class StandardLineBody(Body):
    """Without a ``feature`` it is what a thing of this name gives; an empty one is none."""

    name: Annotated[str, Field(max_length=200), NAME]
    quantity: Small = 1
    feature: Code | None = None


# columns of a room that a body names as they are
PLAIN = (
    "number", "floor", "kind", "capacity", "note", "visibility", "bookable", "hours_policy", "check_in",
    "no_show_minutes", "vacant_minutes", "setup_minutes", "cleanup_minutes", "min_minutes", "max_hours",
    "max_days_ahead",
)  # fmt: skip


class RoomChangesBody(BuffersBody, LengthsBody):
    """What is left out stays as it is. ``buffers`` and ``lengths`` may stand in an object of their own or beside all
    else, as they are read.
    """

    number: Annotated[str, Field(max_length=LENGTHS["number"]), NAME] = left_out()
    floor: Small = left_out()
    names: NamesBody = left_out()
    kind: RoomKind = left_out()
    capacity: Small = left_out()
    area_m2: Annotated[Number | None, Field(ge=0, lt=100_000)] = left_out()
    note: Annotated[str, Field(max_length=LENGTHS["note"]), LINES] = left_out()
    features: Annotated[
        list[Code], Field(max_length=20, description="what is built in, in the place of all that was")
    ] = left_out()
    visibility: Visibility = left_out()
    bookable: YesNo = left_out()
    opening: Annotated[Code | None, Field(description="an opening profile; null for always")] = left_out()
    hours_policy: HoursPolicy = left_out()
    buffers: BuffersBody = left_out()
    lengths: LengthsBody = left_out()
    check_in: YesNo = left_out()
    no_show_minutes: Annotated[Small | None, Field(description="null for never")] = left_out()
    vacant_minutes: Annotated[Small | None, Field(description="null for never")] = left_out()
    approvers: Annotated[
        list[Login], Field(max_length=50, description="who approves what others book here; empty for nobody")
    ] = left_out()
    institutions: Annotated[list[Code], Field(max_length=200, description="who alone may book; empty for all")] = (
        left_out()
    )
    door: DoorBody = left_out()

    def settings(self) -> dict[str, Any]:
        """The columns of a room that are named, but for those that must be looked up first."""
        fields = self.changes()
        columns: dict[str, Any] = {name: fields[name] for name in PLAIN if name in fields}
        for group in ("buffers", "lengths"):
            columns |= fields[group].changes() if group in fields else {}
        if "names" in fields:
            names = fields["names"].changes()
            columns |= {"name" if language == "pl" else f"name_{language}": name for language, name in names.items()}
        if "area_m2" in fields:
            area = fields["area_m2"]
            columns["area_m2"] = None if area is None else Decimal(str(area)).quantize(Decimal("0.01"))
        return columns


def built_in(features: Sequence[str], present: Sequence[str]) -> dict[str, bool]:
    """The columns of what is built in; what the room's standard gives it already may be named too. Raises
    Invalid("room.bad_feature").
    """
    for feature in features:
        if feature not in BUILT_IN and feature not in present:
            raise Invalid("room.bad_feature", feature=feature, features=", ".join(BUILT_IN))
    return {name: name in features for name in BUILT_IN}


class NewRoomBody(RoomChangesBody):
    """Beside where it is, all that a change of a room takes."""

    code: PlaceCode
    building: PlaceCode
    names: NamesBody


class DoorAnswer(BaseModel):
    proofs: list[str]
    pin: bool
    books: bool


class MisfitReason(BaseModel):
    code: str
    detail: str


class MisfitAnswer(BaseModel):
    """A booking that no longer fits. It stands as it was."""

    id: str
    starts_at: Instant
    ends_at: Instant
    title: str
    organizer: str | None
    reasons: list[MisfitReason]


class RoomSettingsAnswer(RoomAnswer):
    area_m2: float | None
    note: str
    can_be_booked: bool = Field(description="by whoever may; bookable is for the caller")
    opening: str | None
    no_show_minutes: int | None
    vacant_minutes: int | None
    institutions: list[str]
    approvers: list[str]
    door: DoorAnswer
    closed_at: Instant | None


class ChangedRoomAnswer(RoomSettingsAnswer):
    misfits: list[MisfitAnswer]


def building_answer(building: Building, rooms: int) -> BuildingAnswer:
    return BuildingAnswer(
        code=building.code,
        site=building.site.code,
        address=building.address,
        note=building.note,
        step_free=building.step_free,
        rooms=rooms,
        closed_at=building.closed_at,
    )


async def settings_answer(setup: RoomSetup, person: Person, now: datetime) -> dict[str, Any]:
    """A fetched room with all that it is set to, for a RoomSettingsAnswer."""
    room = setup.room
    (answer,) = await room_answers([room], viewer_of(person), now)
    return answer.model_dump() | {
        "area_m2": None if room.area_m2 is None else float(room.area_m2),
        "note": room.note,
        "can_be_booked": room.bookable,
        "opening": setup.opening,
        "no_show_minutes": room.no_show_minutes,
        "vacant_minutes": room.vacant_minutes,
        "institutions": [institution.code for institution in setup.institutions],
        "approvers": [approver.login for approver in setup.approvers],
        "door": DoorAnswer(proofs=list(proofs_of(room.door_proofs)), pin=bool(room.door_pin), books=room.panel_books),
        "closed_at": room.closed_at,
    }


def misfit_answer(misfit: Misfit, zone: ZoneInfo, say: Translate) -> MisfitAnswer:
    booking = misfit.booking
    starts_at, ends_at = local(booking.starts_at, zone), local(booking.ends_at, zone)
    assert starts_at
    assert ends_at
    return MisfitAnswer(
        id=str(booking.id),
        starts_at=starts_at,
        ends_at=ends_at,
        title=booking.title,
        organizer=booking.organizer.login if booking.organizer else None,
        reasons=[MisfitReason(code=one.code, detail=words(one.code, one.params, say)) for one in misfit.reasons],
    )
