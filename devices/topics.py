"""The topic grammar: which names may stand in a topic, and Izba's own tree below its prefix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_LEVELS = 32
MAX_BYTES = 1024


class BadTopic(ValueError):  # noqa: N818  # an answer, not a fault
    """A topic that nothing may be published to or read from; the message is a short reason."""


class TopicKind(StrEnum):
    """What an own topic carries."""

    STATUS = "status"
    ROOM_STATE = "room_state"
    ROOM_LIGHT = "room_light"
    PANEL_STATE = "panel_state"
    PANEL_COMMAND = "panel_command"
    PANEL_REPLY = "panel_reply"
    READING = "reading"
    DEVICE_STATUS = "device_status"
    OTHER = "other"


_KINDS = {
    ("rooms", "state"): TopicKind.ROOM_STATE,
    ("rooms", "light"): TopicKind.ROOM_LIGHT,
    ("panels", "state"): TopicKind.PANEL_STATE,
    ("panels", "command"): TopicKind.PANEL_COMMAND,
    ("panels", "reply"): TopicKind.PANEL_REPLY,
    ("devices", "reading"): TopicKind.READING,
    ("devices", "status"): TopicKind.DEVICE_STATUS,
}


@dataclass(frozen=True, slots=True)
class OwnTopic:
    """A topic of Izba's own tree; ``name`` is the room, panel or device, empty where there is none."""

    kind: TopicKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where messages come from: a topic, split once however many come on it.

    ``own`` is set in Izba's own tree. ``binding`` is what an operator configured for the device, e.g. which key is the
    occupancy. ``base`` is the bridge's base topic that it stands below, if it is one that was set, and ``stem`` what
    stands before a device's name in its address there: nothing below the first base. ``fault`` says why nothing may
    come on such a topic; it has no levels then.
    """

    topic: str
    levels: tuple[str, ...] = ()
    own: OwnTopic | None = None
    binding: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    base: str = ""
    stem: str = ""


def split(topic: str) -> tuple[str, ...]:
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
    levels = tuple(topic.split("/"))
    if len(levels) > MAX_LEVELS:
        raise BadTopic("too many levels")
    if size > MAX_BYTES:
        raise BadTopic("the topic is too long")
    if not all(levels[1:] if topic.startswith("/devices/") else levels):
        raise BadTopic("empty levels: another topic")
    return levels


def check_name(name: str) -> str:
    """A room, panel or device name as one topic level. Raises BadTopic for a name that would be several."""
    if len(split(name)) != 1:
        raise BadTopic(f"{name!r} is not one level")
    return name


@dataclass(frozen=True, slots=True)
class Topics:
    """Izba's own tree below ``prefix`` (which may itself have several levels), and the base topics of bridges: Zigbee
    networks, the first of which gives its devices' names no stem.
    """

    prefix: str = "izba"
    bases: tuple[str, ...] = ("zigbee2mqtt",)

    def __post_init__(self) -> None:
        for name in (self.prefix, *self.bases):
            split(name)

    def foreign_filters(self) -> list[str]:
        """What to subscribe to for the bridges: each tree once, also where one base stands below another."""
        return [
            f"{base}/#"
            for base in dict.fromkeys(self.bases)
            if not any(base.startswith(f"{other}/") for other in self.bases)
        ]

    def base_of(self, topic: str) -> str:
        """The longest base that a topic stands below, empty where it is none."""
        return max((base for base in self.bases if topic.startswith(f"{base}/")), key=len, default="")

    def stem(self, base: str) -> str:
        """What stands before the name of a device of this base in its address. Names below the first base are as they
        are; so is a base that stands below it, as if its name were a part of the device's.
        """
        home = self.bases[0] if self.bases else ""
        return "" if base in ("", home) else f"{base.removeprefix(f'{home}/')}/"

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

    def is_own(self, topic: str) -> bool:
        return topic == self.prefix or topic.startswith(f"{self.prefix}/")

    def route(self, topic: str, binding: Mapping[str, str] | None = None) -> Route:
        """The route of whatever comes on this topic. Never raises: what is no topic has a ``fault``. Of a topic that an
        operator bound, a slash at its beginning is a part of its name.
        """
        try:
            levels = split(topic.removeprefix("/") if binding else topic)
        except BadTopic as fault:
            return Route(topic, fault=str(fault))
        depth = self.prefix.count("/") + 1
        own = _own(levels[depth:]) if self.prefix == "/".join(levels[:depth]) else None
        base = self.base_of(topic)
        return Route(topic, levels, own, binding or {}, base=base, stem=self.stem(base))


def _own(branch: tuple[str, ...]) -> OwnTopic:
    if branch == ("status",):
        return OwnTopic(TopicKind.STATUS)
    if len(branch) != 3 or (branch[0], branch[2]) not in _KINDS:
        return OwnTopic(TopicKind.OTHER)
    return OwnTopic(_KINDS[branch[0], branch[2]], branch[1])
