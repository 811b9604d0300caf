"""How a device is, in a word, a tone and a sign: what it last said against what it should have said by now."""

from dataclasses import dataclass
from datetime import timedelta

from registry.devices.models import Device, DeviceKind, DeviceState
from registry.devices.rules import device_state
from web.kit.page_context import PageContext
from web.kit.words import N_

KIND_WORDS = {
    DeviceKind.PRESENCE: N_("Presence sensor"),
    DeviceKind.AIR: N_("Air sensor"),
    DeviceKind.CONTACT: N_("Door contact"),
    DeviceKind.DOOR_PANEL: N_("Door panel"),
    DeviceKind.OTHER: N_("Device"),
}
REASON_WORDS = {
    "sees_somebody": N_("sees somebody"),
    "sees_nobody": N_("sees nobody"),
    "held": N_("saw somebody a moment ago"),
    "not_long_enough": N_("sees nobody, not for long enough yet"),
    "no_reading": N_("has said nothing since we listen"),
    "not_listening": N_("cannot be heard: no connection to the broker"),
    "stale": N_("has been silent for too long"),
    "offline": N_("is offline"),
    "battery": N_("has an empty battery"),
    "disabled": N_("is switched off"),
    "tamper": N_("was tampered with"),
    "simulated": N_("is simulated"),
    "clock": N_("has a wrong clock"),
}
NOT_TRUSTED = N_("is not trusted now")


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """``state`` is alive, low_battery, silent, off, new or distrusted; the word is translated."""

    state: str
    word: str
    tone: str
    symbol: str


_HEALTH = {
    "alive": (N_("alive"), "good", "broadcast"),
    "low_battery": (N_("battery low"), "warn", "battery-2"),
    "silent": (N_("silent"), "bad", "cloud-off"),
    "off": (N_("switched off"), "", "ban"),
    "new": (N_("not heard yet"), "", "circle-dashed"),
    "distrusted": (N_("not trusted"), "warn", "alert-triangle"),
    "unpaired": (N_("not paired"), "", "circle-dashed"),
    "paired": (N_("paired"), "good", "check"),
}


def health_of(device: Device, context: PageContext) -> DeviceHealth:
    """How a device is now."""
    state = _state(device, context)
    word, tone, symbol = _HEALTH[state]
    return DeviceHealth(state, context.say(word), tone, symbol)


def _state(device: Device, context: PageContext) -> str:
    if not device.enabled:
        return "off"
    is_panel = device.kind is DeviceKind.DOOR_PANEL
    if is_panel and device.key_digest is None:
        return "unpaired"
    if device.heard_at is None and device.online is not False:
        return "paired" if is_panel else "new"
    heartbeat = timedelta(seconds=device.heartbeat_seconds)
    state = device_state(device.online, device.battery, device.heard_at, heartbeat, context.now)
    if state is not DeviceState.SILENT and device.distrust:
        return "distrusted"
    return str(state)


def kind_word(device: Device, context: PageContext) -> str:
    """What kind of thing it is."""
    return context.say(KIND_WORDS[device.kind])


def reason_word(reason: str, context: PageContext) -> str:
    """Why a sensor says what it says."""
    return context.say(REASON_WORDS.get(reason, NOT_TRUSTED))
