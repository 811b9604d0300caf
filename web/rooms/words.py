"""What a room's features and states are called."""

from datetime import datetime

from registry.bookings.projections import PublicState
from registry.bookings.state import StateKind
from registry.rooms.models import Room
from web.kit.words import N_, Words

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


class RoomWords(Words):
    """The words of the pages about rooms."""

    def feature(self, feature: str) -> str:
        return self.say(FEATURES[str(feature)])

    def working(self, feature: str) -> str:
        return self.say(WORKING[feature])

    def condition(self, condition: str) -> str:
        return self.say(CONDITIONS[str(condition)])

    def until_of(self, state: PublicState, room: Room, now: datetime) -> str:
        """What a state's time means: until when, or from when."""
        if state.state is StateKind.UNKNOWN:
            return self.say(N_("checking") if state.is_settling else N_("the sensor is silent"))
        if state.until is None:
            # an unbooked visit has no end to tell, whatever the class of its room
            withheld = room.visibility == "hidden" and state.state is not StateKind.IN_USE_UNBOOKED
            return self.say(N_("hours not shown")) if withheld else ""
        at = self.moment(state.until, now)
        if state.state is StateKind.SOON:
            return self.say(N_("from %(time)s")) % {"time": at}
        return self.until(state.until, now)
