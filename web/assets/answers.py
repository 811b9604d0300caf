"""What a form says to the questions of a transition."""

from collections.abc import Mapping
from datetime import date

from registry.assets.models import STANDING, Lifecycle
from registry.assets.queries import answers_by_code
from registry.assets.transitions import LIFECYCLE_WORDS, TRANSITIONS, Answers
from registry.core.errors import Invalid, NotFound, Reason
from registry.importing.cells import Unreadable, day
from web.kit.page_context import PageContext

FIELDS = ("room", "custodian", "lifecycle", "accepted_on", "borrower", "due_on", "reason")


async def answers_of(name: str, form: Mapping[str, str]) -> Answers:
    """Read the fields of a form. It has a room for everything that moves: nowhere is no choice of its.

    Raises NotFound: room.unknown, person.unknown; Invalid("request.bad_field") for a day that is none.
    """
    text = {field: form.get(field, "").strip() for field in FIELDS}
    if name == "move" and not text["room"]:
        raise NotFound("room.unknown", room="")
    return await answers_by_code(
        TRANSITIONS[name],
        text["room"],
        text["custodian"],
        text["reason"],
        lifecycle=_lifecycle(text["lifecycle"]),
        accepted_on=_day("accepted_on", text["accepted_on"]),
        borrower=text["borrower"],
        due_on=_day("due_on", text["due_on"]),
    )


def lifecycle_options(context: PageContext) -> list[tuple[str, str]]:
    """Where a piece is when it is accepted."""
    return [(str(one), context.say(LIFECYCLE_WORDS[one])) for one in STANDING]


def _lifecycle(text: str) -> Lifecycle | None:
    if text and text not in STANDING:
        raise Invalid("request.bad_field", field="lifecycle", reason=text[:40])
    return Lifecycle(text) if text else None


def _day(field: str, text: str) -> date | None:
    try:
        return day(text) if text else None
    except Unreadable as fault:
        raise Invalid("request.bad_field", field=field, reason=Reason(str(fault))) from fault
