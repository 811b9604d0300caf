"""Gathers what one message says until nothing contradicts the rules that all families share."""

from collections.abc import Iterable, Mapping
from typing import Any

from devices.codecs.message import Decoded, Incoming
from devices.codecs.values import EARLIEST, SKEW, Value, clean, count, instant, percent, yes_no

# measurements that are kept beside the occupancy, and what they are called here
FACTS: dict[str, str] = {
    name: name
    for name in (
        "temperature", "humidity", "pressure", "co2", "voc", "pm25", "illuminance", "illuminance_lux", "illumination",
        "action", "presence_event", "no_occupancy_since", "battery_low", "water_leak", "smoke", "gas",
        "carbon_monoxide", "vibration", "noise", "target_distance", "elapsed", "illuminance_above_threshold",
    )
}  # fmt: skip
ASIDE: dict[str, str] = {
    name: name for name in ("linkquality", "voltage", "device_temperature", "power_outage_count", "rssi", "last_seen")
}
# beyond what any sensor of these families can see: a published script sends it to strangers' topics
BRIGHTEST_LUX = 83_000
NO_VALUE = ("simulated", "disabled")


class Draft:
    """One message in the making. Any positive evidence wins inside it; what is refused leaves a reason."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.occupied: bool | None = None
        self.people: int | None = None
        self.battery: float | None = None
        self.online: bool | None = None
        self.stamp: Any = None
        self.other: dict[str, Any] = {}
        self.reasons: list[str] = []
        self.understood = False
        self.tells_presence = self.is_unreadable = False

    def _take(self, value: Value) -> Any:
        self.understood = True
        if value.coerced:
            self.other["coerced"] = True
        if value.reason:
            self.reasons.append(value.reason)
        return value.value

    def take_presence(self, value: Any) -> None:
        self._weigh(self._take(yes_no(value)), value)

    def take_people(self, value: Any) -> None:
        self.people = self._take(count(value))
        self._weigh(None if self.people is None else self.people > 0, value)
        if self.people is None and isinstance(value, int | float) and value < 0:
            # what came in less what went out, and somebody was missed: its 0 is as wrong
            self.other["untrusted"] = "drift"

    def _weigh(self, presence: bool | None, value: Any) -> None:
        """A null beside a "no" is a value that was never measured; a word that is not understood may be somebody."""
        self.tells_presence = True
        if presence is not None:
            self.occupied = presence or bool(self.occupied)
        elif value is not None:
            self.is_unreadable = True

    def take_signs(self, values: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Values that count only where they say that somebody is there: of a part of the room, or of another name."""
        if self.tells_presence and any(values.get(key) is True for key in keys):
            self.occupied = True

    def take_battery(self, value: Any) -> None:
        self.battery = self._take(percent(value))

    def take_contact(self, value: Any) -> None:
        """A door or window contact: closed or open, and nothing about people."""
        closed = self._take(yes_no(value))
        if closed is not None:
            self.other["contact_closed"] = closed

    def take_health(self, values: Mapping[str, Any]) -> None:
        """Tampered, disabled and simulated values prove nothing."""
        for name in ("tamper", "simulated", "disabled"):
            if name in values and (marked := yes_no(values[name]).value) is not None:
                self.other[name] = marked
                self.understood = True
        for name in ("enabled", "active"):
            if name in values and yes_no(values[name]).value is False:
                self.other["disabled"] = True
                self.understood = True

    def take_facts(self, values: Mapping[str, Any], keys: Iterable[str]) -> None:
        """Scalars that are kept for the devices page."""
        for key in keys:
            value, name = values[key], FACTS.get(key)
            if name is None:
                if key in ASIDE:
                    self.other[key] = _plain(value)
                continue
            self.understood = True
            if value is not None and not isinstance(value, dict | list):
                self.other[name] = _plain(value)
        lux = values.get("illuminance_lux", values.get("illuminance"))
        if isinstance(lux, int | float) and lux > BRIGHTEST_LUX:
            self.other["spoof_suspect"] = True

    def finish(self, family: str, device: str) -> Decoded:
        """Close the draft: the device's time, retained values, distrust, and what nothing was understood of."""
        at = self._device_time()
        if self.other.get("tamper") is True:
            self.other["untrusted"] = "tamper"
        for mark in NO_VALUE:
            if self.other.get(mark) is True:
                self.occupied = self.people = None
                self.other["untrusted"] = mark
        if self.other.get("spoof_suspect"):
            self.other["untrusted"] = "spoof"
        if self.is_unreadable and not self.occupied:
            self.occupied = None
        if self.incoming.retained and at is None and self.understood:
            self.other["retained_age_unknown"] = True
        if self.reasons:
            self.other["reason"] = "; ".join(dict.fromkeys(self.reasons))
        if not self.understood and self.online is None:
            self.other["ignored"] = True
        return Decoded(
            family=family,
            device=device,
            occupied=self.occupied,
            people=self.people,
            battery=self.battery,
            online=self.online,
            other=self.other,
            at=at,
            is_unknown=self.tells_presence and self.occupied is None,
        )

    def _device_time(self) -> Any:
        if self.stamp is None:
            return None
        at = instant(self.stamp)
        if at is None:
            self.other["device_time_unread"] = True
        elif at < EARLIEST:
            # a clock that never met a time server starts in 1970
            self.other["device_time_invalid"] = True
            return None
        elif at > self.incoming.now + SKEW:
            self.occupied = self.people = self.battery = None
            self.other["untrusted"] = "clock"
            self.reasons.append(f"a time stamp in {at.year} must not win over real ones")
            return None
        return at


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, int | float | bool | type(None)) else clean(str(value), 40)
