"""The devices that Izba knows, as the broker's side needs them: what each last said, and what of that is stored."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from devices.codecs.message import Decoded
from registry.devices.occupancy import Reading
from registry.devices.queries import device_rows

STORE_SECONDS = 20.0
FLIPS, FLIP_SECONDS = 4, 60.0
REFUSAL_SECONDS, REFUSAL_PAUSE = 60.0, 10.0


@dataclass(slots=True)
class DeviceEntry:
    """One device. Times are monotonic seconds; ``confirmed`` says that it spoke since the broker is heard.

    ``bridge`` is the base topic that it was last heard below, ``availability`` what that bridge last said of it, and
    ``told_at`` the device's own time of its last live word.
    """

    id: int
    code: str
    kind: str
    family: str
    address: str
    occupied: bool | None
    people: int | None
    battery: int | None
    online: bool | None
    distrust: str
    room_id: int | None = None
    enabled: bool = True
    value_keys: dict[str, str] | None = None
    confirmed: bool = False
    stored_at: float = 0.0
    bridge: str = ""
    availability: bool | None = None
    told_at: datetime | None = None
    refusal: str = ""
    refused_at: float = 0.0
    flips: deque[float] = field(default_factory=lambda: deque(maxlen=FLIPS))

    @property
    def binding(self) -> dict[str, str]:
        """What an operator said of it, as its codec takes it."""
        return {"family": self.family, "kind": self.kind, **(self.value_keys or {})}

    def is_refusal_news(self, reason: str, second: float) -> bool:
        """Whether the register should hear that something was refused: for another reason, or after a minute; never
        more often than every ten seconds.
        """
        since = second - self.refused_at
        if self.refusal and since < (REFUSAL_SECONDS if reason == self.refusal else REFUSAL_PAUSE):
            return False
        self.refusal, self.refused_at = reason, second
        return True

    def is_timed_out_by(self, decoded: Decoded) -> bool:
        """Whether a bridge ends by its own clock what the device had seen, as it does for those that never say that
        nobody is there any more. The device's time beside it is that of its last word: 3 minutes old for some.
        """
        ends = self.occupied is True and decoded.occupied is False
        return ends and bool(decoded.at and self.told_at and decoded.at >= self.told_at)

    def reading(self, decoded: Decoded, at: datetime, is_live: bool, second: float) -> Reading:
        """What a message says, for the register. ``at`` is when it arrived; only a live one confirms a value."""
        if is_live and decoded.online is not None and decoded.online is not self.online:
            self.flips.append(second)
        distrust = decoded.other.get("untrusted")
        if self.is_flapping(second):
            distrust = "duplicate_id"
        elif distrust is None and decoded.occupied is not None and is_live:
            distrust = ""
        return Reading(
            device_id=self.id,
            at=at,
            occupied=decoded.occupied,
            people=decoded.people,
            battery=None if decoded.battery is None else round(decoded.battery),
            online=decoded.online,
            distrust=distrust,
            live=is_live,
            gap=decoded.is_unknown,
        )

    def remember(self, reading: Reading, second: float) -> bool:
        """Take over what was said. Returns whether the register should hear of it: it is news, or nothing was stored
        for 20 seconds.
        """
        is_due = self._is_news(reading) or reading.live and second - self.stored_at >= STORE_SECONDS
        if is_due:
            self.stored_at = second
        return is_due

    def _is_news(self, reading: Reading) -> bool:
        is_news = reading.live and reading.occupied is not None and not self.confirmed
        if reading.gap:
            is_news = is_news or self.occupied is not None
            self.occupied = self.people = None
        for name in ("battery", "online", "distrust"):
            value = getattr(reading, name)
            if value is not None and value != getattr(self, name):
                setattr(self, name, value)
                is_news = True
        if not reading.live:
            return is_news
        if reading.occupied is not None:
            is_news = is_news or reading.occupied is not self.occupied or self.online is False
            self.occupied, self.confirmed = reading.occupied, True
            if reading.online is None:
                self.online = True
        if reading.people is not None and reading.people != self.people:
            self.people, is_news = reading.people, True
        return is_news

    def is_flapping(self, second: float) -> bool:
        """Whether it goes online and offline too often: two devices with one name."""
        return len(self.flips) == FLIPS and second - self.flips[0] < FLIP_SECONDS


class DeviceEntries:
    """Devices by family and address. The address of a native device is its code."""

    def __init__(self) -> None:
        self._by_id: dict[int, DeviceEntry] = {}
        self._by_route: dict[tuple[str, str], DeviceEntry] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, family: str, device: str) -> DeviceEntry | None:
        return self._by_route.get((family, device))

    def all(self) -> list[DeviceEntry]:
        return list(self._by_id.values())

    async def load(self) -> None:
        """Read every device; what is only known here (confirmed, stored_at) is kept."""
        rows = await device_rows()
        former, self._by_id, self._by_route = self._by_id, {}, {}
        for row in rows:
            fresh = _entry(row)
            self._enter(_carried(former.get(fresh.id), fresh))

    def _enter(self, entry: DeviceEntry) -> None:
        self._by_id[entry.id] = entry
        self._by_route[entry.family, entry.address or entry.code] = entry
        self._by_route[entry.family, entry.code] = entry


def _entry(row: dict[str, Any]) -> DeviceEntry:
    return DeviceEntry(**{**row, "kind": str(row["kind"])})


def _carried(former: DeviceEntry | None, fresh: DeviceEntry) -> DeviceEntry:
    """What has been heard but not stored yet is newer than the row. Of another sensor under the name it is nothing, nor
    of the same one in another room or once it was switched off.
    """
    if former is None or _identity(former) != _identity(fresh):
        return fresh
    former.code, former.kind = fresh.code, fresh.kind
    return former


def _identity(entry: DeviceEntry) -> tuple[str, str, int | None, bool, dict[str, str] | None]:
    return entry.family, entry.address, entry.room_id, entry.enabled, entry.value_keys
