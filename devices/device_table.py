"""The devices that Izba knows, as the ingest needs them: what each last said, and what of that is stored."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from registry.bookings.readings import Reading
from registry.devices.models import Device

FLIPS, FLIP_SECONDS = 4, 60.0

COLUMNS = (
    "id", "code", "kind", "family", "address", "occupied", "people", "battery", "online", "distrust",
    "room_id",
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """One device. Times are monotonic seconds; ``confirmed`` says that it spoke since the broker is heard."""

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
    confirmed: bool = False
    stored: float = 0.0
    heard: float = 0.0
    messages: int = 0
    refused: int = 0
    flips: deque[float] = field(default_factory=lambda: deque(maxlen=FLIPS))

    def remember(self, heard: Reading, mono: float) -> bool:
        """Take over what was said. Returns whether anything of it is news to the register."""
        news = heard.live and heard.occupied is not None and not self.confirmed
        for name in ("battery", "online", "distrust"):
            told = getattr(heard, name)
            if told is not None and told != getattr(self, name):
                setattr(self, name, told)
                news = True
        if not heard.live:
            return news
        self.heard = mono
        if heard.occupied is not None:
            news = news or heard.occupied is not self.occupied or self.online is False
            self.occupied, self.confirmed = heard.occupied, True
            if heard.online is None:
                self.online = True
        if heard.people is not None and heard.people != self.people:
            self.people, news = heard.people, True
        return news

    def flip(self, mono: float) -> bool:
        """Note that it went online or offline. True when it does so too often: two devices with one name."""
        self.flips.append(mono)
        return self.is_flapping(mono)

    def is_flapping(self, mono: float) -> bool:
        return len(self.flips) == FLIPS and mono - self.flips[0] < FLIP_SECONDS


class Table:
    """Known devices by family and address. The address of a native device is its code."""

    def __init__(self) -> None:
        self._by_id: dict[int, Known] = {}
        self._by_route: dict[tuple[str, str], Known] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, family: str, device: str) -> Known | None:
        return self._by_route.get((family, device))

    def all(self) -> list[Known]:
        return list(self._by_id.values())

    async def load(self) -> None:
        """Read every device; what is only known here (confirmed, stored) is kept."""
        rows = await Device.all().values_list(*COLUMNS)
        former, self._by_id, self._by_route = self._by_id, {}, {}
        for row in rows:
            fresh = _known(row)
            self._enter(_carried(former.get(fresh.id), fresh))

    def _enter(self, known: Known) -> None:
        self._by_id[known.id] = known
        self._by_route[known.family, known.address or known.code] = known
        self._by_route[known.family, known.code] = known


def _known(row: tuple[Any, ...]) -> Known:
    fresh = Known(*row)
    fresh.kind = str(fresh.kind)
    return fresh


def _carried(former: Known | None, fresh: Known) -> Known:
    """What has been heard but not stored yet is newer than the row. Of another sensor under the name it is nothing, nor
    of the same one in another room.
    """
    if former is None or _identity(former) != _identity(fresh):
        return fresh
    former.code, former.kind = fresh.code, fresh.kind
    return former


def _identity(known: Known) -> tuple[str, str, int | None]:
    return known.family, known.address, known.room_id
