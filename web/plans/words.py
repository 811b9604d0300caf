"""What a floor plan says: short, for it stands inside a room."""

from collections.abc import Mapping

from registry.bookings.projections import COLLAPSED, PublicState
from registry.bookings.state import StateKind
from registry.doors.phrases import LANGUAGES, phrases
from registry.rooms.models import Building
from web.kit.words import N_
from web.places.words import KIND_WORDS
from web.rooms.words import RoomWords

SHORT = {
    StateKind.FREE: N_("Free"),
    StateKind.SOON: N_("Busy soon"),
    StateKind.AWAITING_CHECK_IN: N_("Awaited"),
    StateKind.IN_USE: N_("In use"),
    StateKind.IN_USE_UNBOOKED: N_("Somebody is in"),
    StateKind.CLOSED: N_("Closed"),
    StateKind.UNKNOWN: N_("Not known"),
}
# what a wall says of a state: the words of the doors, in their languages
ON_A_WALL = {
    StateKind.FREE: "free", StateKind.IN_USE: "busy", StateKind.UNKNOWN: "please_knock", StateKind.CLOSED: "closed",
}  # fmt: skip
# what was done to a plan, for its history
ACTS: Mapping[str, str] = {
    "rooms_placed": N_("rooms were placed"),
    "file_added": N_("a picture was put on"),
    "file_removed": N_("the picture was taken off"),
    "wall_opened": N_("an address for wall displays was made"),
    "wall_closed": N_("the address for wall displays was taken back"),
}


def wall_state(state: PublicState) -> StateKind:
    """What a wall tells of a room: of every room as little as of a confidential one, so that none gives itself away."""
    return COLLAPSED.get(state.state, state.state)


class PlanWords(RoomWords):
    """The words of floor plans."""

    def short(self, kind: StateKind) -> str:
        """A state in a word or two."""
        return self.say(SHORT[kind])

    def on_wall(self, kind: StateKind) -> str:
        """A state as a wall display says it in the reader's language."""
        return phrases(self.language)[ON_A_WALL[kind]]

    def wall_legend(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """Each state of a wall with its word, and what it is in the other languages of the doors."""
        return [
            (kind.value, self.on_wall(kind), [(one, phrases(one)[key]) for one in LANGUAGES if one != self.language])
            for kind, key in ON_A_WALL.items()
        ]

    def kind_of(self, kind: object) -> str:
        """What a room is, by its kind."""
        return self.say(KIND_WORDS[kind])  # type: ignore[index]  # a RoomKind, as the model has it

    def floor_title(self, building: Building, floor: int) -> str:
        """„Konarskiego 1-3, parter”"""
        return f"{building.address.rpartition(', ')[2]}, {self.floor(floor)}"
