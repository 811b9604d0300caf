"""The form of a room: what was typed, read into settings, with a sentence for each field that cannot stand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from registry.core.errors import Refusal
from registry.doors.policy import proofs_of
from registry.importing.cells import Unreadable, amount
from registry.places.queries import RoomSetup
from registry.places.rules import BOUNDS, LENGTHS, MAY_BE_NEVER
from registry.rooms.models import HoursPolicy, RoomKind, Visibility
from web.kit.page_context import PageContext
from web.kit.words import N_

Typed = Annotated[str, Field(max_length=2000)]
TypedList = Annotated[list[str], Field(max_length=300)]
TOO_LONG = N_("This is longer than %(limit)s characters. Shorten it.")
UNREADABLE = N_("This holds characters that cannot be shown. Type it again without them.")
NOT_WHOLE = N_("Write a whole number from %(least)s to %(most)s.")
WHOLE_OR_EMPTY = N_("Write a whole number from %(least)s to %(most)s, or leave it empty for never.")
NO_AREA = N_("Write the area in square metres, like 12,5.")
CHOOSE = N_("Choose one of the list.")
NEEDED = N_("Fill this in.")
TEXTS = ("number", "name", "name_en", "name_uk", "name_ru", "note")
SWITCHES = ("step_free", "hearing_loop", "screen", "bookable", "check_in", "panel_books")
CHOICES: dict[str, type[RoomKind] | type[Visibility] | type[HoursPolicy]] = {
    "kind": RoomKind, "visibility": Visibility, "hours_policy": HoursPolicy,
}  # fmt: skip
# what may be taken over from another room
COPIED = (
    "visibility", "opening", "hours_policy", "setup_minutes", "cleanup_minutes", "bookable", "institutions",
    "min_minutes", "max_hours", "max_days_ahead", "check_in", "no_show_minutes", "vacant_minutes", "panel_books",
    "proofs",
)  # fmt: skip


class RoomSettingsForm(BaseModel):
    """The fields as they are typed; a switch that is off is not sent."""

    number: Typed = ""
    floor: Typed = ""
    name: Typed = ""
    name_en: Typed = ""
    name_uk: Typed = ""
    name_ru: Typed = ""
    kind: Typed = ""
    capacity: Typed = ""
    area_m2: Typed = ""
    note: Typed = ""
    step_free: Typed = ""
    hearing_loop: Typed = ""
    screen: Typed = ""
    visibility: Typed = ""
    bookable: Typed = ""
    opening: Typed = ""
    hours_policy: Typed = ""
    setup_minutes: Typed = ""
    cleanup_minutes: Typed = ""
    min_minutes: Typed = ""
    max_hours: Typed = ""
    max_days_ahead: Typed = ""
    check_in: Typed = ""
    no_show_minutes: Typed = ""
    vacant_minutes: Typed = ""
    panel_books: Typed = ""
    institutions: TypedList = []
    proofs: TypedList = []
    reason: Typed = ""
    mark: Typed = ""
    key: Typed = ""
    look: Typed = ""

    def words(self) -> dict[str, Any]:
        """What is typed."""
        return self.model_dump(exclude={"mark", "key", "look"})


def form_of(setup: RoomSetup) -> dict[str, Any]:
    """How a room stands in its form."""
    room = setup.room
    form: dict[str, Any] = {name: getattr(room, name) for name in TEXTS}
    form |= {name: "1" if getattr(room, name) else "" for name in SWITCHES}
    form |= {name: str(getattr(room, name)) for name in CHOICES}
    form |= {name: "" if (value := getattr(room, name)) is None else str(value) for name in BOUNDS}
    form["area_m2"] = "" if room.area_m2 is None else f"{room.area_m2.normalize():f}".replace(".", ",")
    form["opening"] = setup.opening or ""
    form["institutions"] = [institution.code for institution in setup.institutions]
    form["proofs"] = list(proofs_of(room.door_proofs))
    return form | {"reason": ""}


class RoomFormReader:
    """Reads a form; ``faults`` fills with a sentence for each field that cannot stand."""

    def __init__(self, form: Mapping[str, Any], context: PageContext) -> None:
        self.form, self.context, self.faults = form, context, dict[str, str]()

    def settings(self, profiles: Mapping[str, int]) -> dict[str, Any]:
        """The columns of a room, but for what its door asks as proof."""
        columns: dict[str, Any] = {name: self.text(name) for name in TEXTS}
        columns |= {name: bool(self.form.get(name)) for name in SWITCHES}
        for name, kinds in CHOICES.items():
            try:
                columns[name] = kinds(self.form.get(name, ""))
            except ValueError:
                self.fault(name, CHOOSE)
        columns |= {name: self.number(name) for name in BOUNDS}
        columns["area_m2"] = self._area()
        opening = self.form.get("opening", "")
        if opening and opening not in profiles:
            self.fault("opening", CHOOSE)
        else:
            columns["opening_id"] = profiles[opening] if opening else None
        return {name: value for name, value in columns.items() if name not in self.faults}

    def refuse(self, faults: Mapping[str, Refusal]) -> None:
        """What the register says against settings."""
        for name, refusal in faults.items():
            self.faults.setdefault(name, self.context.words.refusal(refusal))

    def chosen(self, name: str, offers: Sequence[str]) -> list[str]:
        """Those of a list that were ticked and are offered."""
        return [one for one in offers if one in self.form.get(name, [])]

    def fault(self, name: str, text: str, **params: Any) -> None:
        """Say once what is wrong with a field."""
        self.faults.setdefault(name, self.context.say(text) % params)

    def text(self, name: str, *, is_needed: bool = False) -> str:
        """A line of text, its spaces made single."""
        text: str = " ".join(self.form.get(name, "").split())
        if is_needed and not text:
            self.fault(name, NEEDED)
        if len(text) > LENGTHS[name]:
            self.fault(name, TOO_LONG, limit=LENGTHS[name])
        if not text.isprintable():
            self.fault(name, UNREADABLE)
        return text

    def number(self, name: str) -> int | None:
        """A whole number within its bounds; None where it is none, or never."""
        text, bounds = self.form.get(name, "").strip().replace("−", "-"), BOUNDS[name]
        if not text and name in MAY_BE_NEVER:
            return None
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) < 7 and bounds.least <= int(text) <= bounds.most:
            return int(text)
        words = WHOLE_OR_EMPTY if name in MAY_BE_NEVER else NOT_WHOLE
        self.fault(name, words, least=bounds.least, most=bounds.most)
        return None

    def _area(self) -> Decimal | None:
        text = self.form.get("area_m2", "").strip()
        if not text:
            return None
        try:
            area = amount(text)
        except Unreadable:
            area = Decimal(-1)
        if not 0 <= area < 100_000:
            self.fault("area_m2", NO_AREA)
            return None
        return area
