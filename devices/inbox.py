"""Topics that nobody has bound yet: the last payloads, how often, and what it might be. Capped: iBeacons never end."""

import sys
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from devices.codecs.message import Decoded
from devices.codecs.values import clean

TOPICS = 200
INBOX_BYTES = 2 * 1024 * 1024
PAYLOADS = 5
SHOWN = 400
RENAMED = 50


@dataclass(slots=True)
class UnboundTopic:
    """A topic of nobody. ``family`` is a guess; nothing is bound until a person does it."""

    topic: str
    family: str
    device: str
    first_at: datetime
    last_at: datetime
    count: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    payloads: deque[bytes] = field(default_factory=lambda: deque(maxlen=PAYLOADS))
    size: int = 0  # about what it takes in memory
    understood: bool = False  # by any codec; what is not stands below the others
    formerly: str = ""  # the code of the device that had another name in its network before

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
            "understood": self.understood,
            "formerly": self.formerly,
            "said": self.values,
            "payloads": [clean(payload.decode("utf-8", "replace"), SHOWN) for payload in self.payloads],
        }


class TopicInbox:
    """The unbound topics: at most so many and of so many bytes. The longest silent one leaves first, and one of which
    nothing is understood before all others: a network has more lamps than sensors.
    """

    def __init__(self, capacity: int = TOPICS) -> None:
        self.capacity = capacity
        self.messages = self.bytes = 0
        self._topics: OrderedDict[str, UnboundTopic] = OrderedDict()
        self._riddles: OrderedDict[str, None] = OrderedDict()  # the topics of which nothing was understood yet
        self._renamed: OrderedDict[str, str] = OrderedDict()  # new names of known devices, with their codes

    def __len__(self) -> int:
        return len(self._topics)

    def note(self, topic: str, payload: bytes, decoded: Decoded, now: datetime) -> None:
        self.messages += 1
        entry = self._topics.get(topic)
        if entry is None:
            entry = self._topics[topic] = UnboundTopic(topic, decoded.family, decoded.device, now, now)
        self._topics.move_to_end(topic)
        entry.last_at = now
        entry.count += 1
        entry.understood = entry.understood or not decoded.other.get("ignored")
        if entry.understood:
            self._riddles.pop(topic, None)
        else:
            self._riddles[topic] = None
            self._riddles.move_to_end(topic)
        entry.formerly = self._renamed.get(decoded.device, "")
        entry.values = decoded.as_dict()
        entry.payloads.append(payload[:SHOWN])
        self._weigh(entry)
        while len(self._topics) > self.capacity or self.bytes > INBOX_BYTES and len(self._topics) > 1:
            self.forget(next(iter(self._riddles or self._topics)))

    def former_code(self, device: str) -> str:
        """The code of the known device that is called so now, empty where none is known to be."""
        return self._renamed.get(device, "")

    def rename(self, former: str, device: str, code: str) -> None:
        """A known device, whose code this is, has another name in its network: a person decides whether to follow."""
        self._renamed.pop(former, None)
        self._renamed[device] = code
        self._renamed.move_to_end(device)
        while len(self._renamed) > RENAMED:
            self._renamed.popitem(last=False)
        for entry in self._topics.values():  # a bridge repeats a state under the new name before it says so
            if entry.device == device:
                entry.formerly = code

    def _weigh(self, entry: UnboundTopic) -> None:
        size = 2 * sys.getsizeof(entry.topic) + 3 * len(repr(entry.values)) + 3_000
        self.bytes += size - entry.size
        entry.size = size

    def forget(self, topic: str) -> None:
        """After a person bound or dismissed it."""
        self._riddles.pop(topic, None)
        entry = self._topics.pop(topic, None)
        if entry:
            self.bytes -= entry.size

    def forget_devices(self, is_settled: Callable[[str, str], bool]) -> None:
        """Drop all topics of the devices, by family and name, that somebody has bound or that are called so no more."""
        for entry in [*self._topics.values()]:
            if is_settled(entry.family, entry.device):
                self.forget(entry.topic)

    def all(self) -> list[UnboundTopic]:
        """Those of which something is understood first, and last heard first."""
        latest = [*reversed(self._topics.values())]
        return sorted(latest, key=lambda entry: not entry.understood)
