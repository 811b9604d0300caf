"""Where a room lies, as it is typed: four numbers in percent of the picture."""

import re
from collections.abc import Mapping

from pydantic import BaseModel

from registry.core.errors import Refusal
from registry.plans.rules import Box, Corners, box_of, rectangle
from web.kit.i18n import Formats
from web.kit.page_context import PageContext
from web.kit.words import N_
from web.places.form import Typed

SIDES = ("x", "y", "width", "height")
NO_PERCENT = N_("Write a number from 0 to 100, like 12,5.")
_PERCENT = re.compile(r"(100|\d{1,2})(?:[.,](\d{1,4}))?", re.ASCII)


class PlaceRoomForm(BaseModel):
    """A room and its four numbers; ``act`` is place or remove."""

    room: Typed = ""
    x: Typed = ""
    y: Typed = ""
    width: Typed = ""
    height: Typed = ""
    act: Typed = ""

    def words(self) -> dict[str, str]:
        """The numbers as they are typed."""
        return {side: getattr(self, side) for side in SIDES}


def percent_in(text: str) -> float | None:
    """A part of the picture, out of a number of percent as people type it; None for what is none."""
    match = _PERCENT.fullmatch(text.strip().removesuffix("%").strip())
    number = float(f"{match[1]}.{match[2] or 0}") if match else 101
    return number / 100 if number <= 100 else None


def typed_box(corners: Corners | None, fmt: Formats) -> dict[str, str]:
    """The numbers of a room as they stand in the form; empty for one that has no place."""
    if corners is None:
        return dict.fromkeys(SIDES, "")
    return {side: fmt.number(round(part * 100, 2)) for side, part in zip(SIDES, box_of(corners), strict=True)}


def read_box(form: Mapping[str, str], context: PageContext) -> tuple[Corners, dict[str, str]]:
    """The shape that was typed, and a sentence for each number that is none."""
    parts = {side: percent_in(form[side]) for side in SIDES}
    faults = {side: context.say(NO_PERCENT) for side, part in parts.items() if part is None}
    return rectangle(*(parts[side] or 0 for side in SIDES)), faults


def fault_side(refusal: Refusal, box: Box) -> str:
    """The number at which a refusal of a shape is said."""
    if refusal.code == "plan.outside":
        return "width" if box.x + box.width > 1 else "height"
    return "width" if box.width <= box.height else "height"
