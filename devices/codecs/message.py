"""A message as a codec takes it, and what it says, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from devices.topics import Route


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message whose topic and payload passed the hygiene; ``value`` is what the payload says."""

    route: Route
    value: Any
    retained: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Decoded:
    """What Izba understands of a message. None means that it says nothing about that.

    ``battery`` is in percent, ``at`` the device's own time of the observation, ``refused`` why the whole message is
    refused (one value that is refused stands in ``other["reason"]``). ``is_unknown`` is not the same as saying nothing:
    the message says of the presence that it is not known, or in words that nobody here understands, and so takes back
    what was said before. ``bridge`` is the base topic of whoever passed the message on for the device, and may repeat
    it from a cache; empty where the device speaks for itself.
    """

    family: str
    device: str
    occupied: bool | None = None
    people: int | None = None
    battery: float | None = None
    online: bool | None = None
    other: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""
    at: datetime | None = None
    is_unknown: bool = False
    bridge: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As ``izba devices decode`` prints it."""
        values: dict[str, Any] = {
            "family": self.family,
            "device": self.device,
            "occupied": self.occupied,
            "people": self.people,
            "battery": self.battery,
            "online": self.online,
            "other": dict(self.other),
        }
        if self.at:
            values["other"].setdefault("at", self.at.isoformat())
        if self.refused:
            values["refused"] = self.refused
        return values
