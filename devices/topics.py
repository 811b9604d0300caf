"""The topic grammar: which names may stand in a topic, and Izba's own tree below its prefix."""

from dataclasses import dataclass
from enum import StrEnum

MAX_LEVELS = 32
MAX_BYTES = 1024


class BadTopic(ValueError):  # noqa: N818  # an answer, not a fault
    """A topic that nothing may be published to or read from; the message is a short reason."""


class Part(StrEnum):
    """What an own topic carries."""

    STATUS = "status"
    ROOM_STATE = "room_state"
    ROOM_LIGHT = "room_light"
    PANEL_STATE = "panel_state"
    PANEL_COMMAND = "panel_command"
    PANEL_REPLY = "panel_reply"
    READING = "reading"
    DEVICE_STATUS = "device_status"


INWARD = frozenset({Part.PANEL_COMMAND, Part.READING, Part.DEVICE_STATUS})

_PARTS = {
    ("rooms", "state"): Part.ROOM_STATE,
    ("rooms", "light"): Part.ROOM_LIGHT,
    ("panels", "state"): Part.PANEL_STATE,
    ("panels", "command"): Part.PANEL_COMMAND,
    ("panels", "reply"): Part.PANEL_REPLY,
    ("devices", "reading"): Part.READING,
    ("devices", "status"): Part.DEVICE_STATUS,
}


@dataclass(frozen=True, slots=True)
class Own:
    """A parsed topic of Izba's own tree; ``name`` is the room, panel or device."""

    part: Part
    name: str


def split(topic: str) -> list[str]:
    """The levels of a concrete topic. Raises BadTopic for what no device may be called.

    One leading slash is taken where it is a family's custom (``/devices/…`` of Wiren Board).
    """
    if not topic:
        raise BadTopic("empty topic")
    if "\0" in topic:
        raise BadTopic("NUL in the topic")
    if "+" in topic or "#" in topic:
        raise BadTopic("wildcard in the topic")
    try:
        size = len(topic.encode())
    except UnicodeEncodeError:
        raise BadTopic("the topic is not UTF-8") from None
    levels = topic.split("/")
    if len(levels) > MAX_LEVELS:
        raise BadTopic("too many levels")
    if size > MAX_BYTES:
        raise BadTopic("the topic is too long")
    named = levels[1:] if topic.startswith("/devices/") else levels
    if not all(named):
        raise BadTopic("empty levels: another topic")
    return levels


def check_name(name: str) -> str:
    """A room, panel or device name as one topic level. Raises BadTopic for a name that would be several."""
    if len(split(name)) != 1:
        raise BadTopic(f"{name!r} is not one level")
    return name


@dataclass(frozen=True, slots=True)
class Topics:
    """Izba's own tree below ``prefix`` (which may itself have several levels)."""

    prefix: str = "izba"

    def __post_init__(self) -> None:
        split(self.prefix)

    @property
    def status(self) -> str:
        return f"{self.prefix}/status"

    def room_state(self, room: str) -> str:
        return f"{self.prefix}/rooms/{check_name(room)}/state"

    def room_light(self, room: str) -> str:
        return f"{self.prefix}/rooms/{check_name(room)}/light"

    def panel_state(self, panel: str) -> str:
        return f"{self.prefix}/panels/{check_name(panel)}/state"

    def panel_command(self, panel: str) -> str:
        return f"{self.prefix}/panels/{check_name(panel)}/command"

    def panel_reply(self, panel: str) -> str:
        return f"{self.prefix}/panels/{check_name(panel)}/reply"

    def reading(self, device: str) -> str:
        return f"{self.prefix}/devices/{check_name(device)}/reading"

    def device_status(self, device: str) -> str:
        return f"{self.prefix}/devices/{check_name(device)}/status"

    def filters(self) -> tuple[str, ...]:
        """What Izba listens to in its own tree."""
        return (
            f"{self.prefix}/devices/+/reading",
            f"{self.prefix}/devices/+/status",
            f"{self.prefix}/panels/+/command",
        )

    def outward(self) -> tuple[str, ...]:
        """Where nobody but Izba publishes, beside its status; all of it is retained."""
        return (
            f"{self.prefix}/rooms/+/state",
            f"{self.prefix}/rooms/+/light",
            f"{self.prefix}/panels/+/state",
        )

    def is_own(self, topic: str) -> bool:
        return topic == self.prefix or topic.startswith(f"{self.prefix}/")

    def parse(self, topic: str) -> Own | None:
        """What a topic of the own tree carries, None for one that is foreign or unknown. Raises BadTopic."""
        levels = split(topic)
        depth = self.prefix.count("/") + 1
        if not self.is_own(topic):
            return None
        rest = levels[depth:]
        if rest == ["status"]:
            return Own(Part.STATUS, "")
        if len(rest) != 3 or (rest[0], rest[2]) not in _PARTS:
            return None
        return Own(_PARTS[rest[0], rest[2]], rest[1])
