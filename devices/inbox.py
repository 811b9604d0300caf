"""Topics that nobody has bound yet: the last payloads, how often, and what it might be. Capped: iBeacons never end."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from devices.codecs.values import clean
from devices.messages import Decoded

TOPICS = 200
PAYLOADS = 5
SHOWN = 400


@dataclass(slots=True)
class Stranger:
    """An unknown topic. ``family`` is a guess; nothing is bound until a person does it."""

    topic: str
    family: str
    device: str
    first_at: datetime
    last_at: datetime
    count: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    payloads: deque[bytes] = field(default_factory=lambda: deque(maxlen=PAYLOADS))

    def per_minute(self) -> float:
        """Messages a minute since it was first heard."""
        minutes = (self.last_at - self.first_at).total_seconds() / 60
        return round(self.count / max(minutes, 1.0), 1)

    def as_dict(self) -> dict[str, Any]:
        return {
            "topic": clean(self.topic, 200),
            "family": self.family,
            "device": clean(self.device, 200),
            "first_at": self.first_at,
            "last_at": self.last_at,
            "count": self.count,
            "per_minute": self.per_minute(),
            "said": self.said,
            "payloads": [clean(payload.decode("utf-8", "replace"), SHOWN) for payload in self.payloads],
        }


class Inbox:
    """The strangers, the longest silent one leaves first."""

    def __init__(self, capacity: int = TOPICS) -> None:
        self.capacity = capacity
        self.messages = 0
        self._strangers: OrderedDict[str, Stranger] = OrderedDict()

    def __len__(self) -> int:
        return len(self._strangers)

    def note(self, topic: str, payload: bytes, said: Decoded, now: datetime) -> None:
        self.messages += 1
        stranger = self._strangers.get(topic)
        if stranger is None:
            if len(self._strangers) >= self.capacity:
                self._strangers.popitem(last=False)
            stranger = self._strangers[topic] = Stranger(topic, said.family, said.device, now, now)
        self._strangers.move_to_end(topic)
        stranger.last_at = now
        stranger.count += 1
        stranger.said = said.as_dict()
        stranger.payloads.append(payload[:SHOWN])

    def forget(self, topic: str) -> None:
        """After a person bound or dismissed it."""
        self._strangers.pop(topic, None)

    def all(self) -> list[Stranger]:
        """Last heard first."""
        return list(reversed(self._strangers.values()))
