"""What devices, what they sense and how they are is called."""

from datetime import datetime

from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.occupancy import DOUBTS
from registry.devices.rules import HealthState
from registry.rooms.models import Room
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
    "stuck": N_("has seen somebody for hours on end: it may be stuck"),
    "contradicted": N_("sees somebody where another sensor sees nobody"),
    "passages": N_("counts nobody, which proves nothing: somebody may have been missed"),
    "drift": N_("once counted less than nobody: what it counts is wrong"),
    "left": N_("has left its network"),
    "renamed": N_("has another name in its network now"),
}
NOT_TRUSTED = N_("is not trusted now")
# the word, the tone and the sign
HEALTH_WORDS = {
    HealthState.ALIVE: (N_("alive"), "good", "broadcast"),
    HealthState.LOW_BATTERY: (N_("battery low"), "warn", "battery-2"),
    HealthState.SILENT: (N_("silent"), "bad", "cloud-off"),
    HealthState.OFF: (N_("switched off"), "", "ban"),
    HealthState.NEW: (N_("not heard yet"), "", "circle-dashed"),
    HealthState.DISTRUSTED: (N_("not trusted"), "warn", "alert-triangle"),
    HealthState.UNPAIRED: (N_("not paired"), "", "circle-dashed"),
    HealthState.PAIRED: (N_("paired"), "good", "check"),
}
SENSING_WORDS = {
    Sensing.MMWAVE: N_("presence, by radar (mmWave)"),
    Sensing.PIR: N_("movement (PIR)"),
    Sensing.COUNTER: N_("people in an area, by counting"),
    Sensing.PASSAGE: N_("people who pass a door: in less out"),
    Sensing.CO2: N_("air: CO₂, temperature"),
    Sensing.CONTACT: N_("a door or a window (contact)"),
    Sensing.NONE: N_("something else"),
}
# why something that a device sent was refused, by how the reason begins
REFUSAL_WORDS = {
    "over the size limit": N_("it is larger than 64 kB"),
    "only white space": N_("it is empty"),
    "empty": N_("it is empty"),
    "utf-": N_("it is not UTF-8 text"),
    "not utf-8": N_("it is not UTF-8 text"),
    "NUL": N_("a zero byte stands in it"),
    "control characters": N_("control characters stand in it"),
    "too deep": N_("it is nested too deep"),
    "python repr": N_("it is Python's way of writing, not JSON"),
    "not JSON": N_("it is not JSON"),
    "duplicate key": N_("it says one key twice"),
    "a number out of range": N_("a number in it is too large"),
    "not an object": N_("it is no object of JSON"),
    "neither online nor offline": N_("it says neither online nor offline"),
    "a time stamp": N_("its clock is ahead of ours"),
}
# what the fields of a form are called there, by the names that programs use
FIELD_WORDS = {
    "code": N_("Its name here"),
    "address": N_("Its topic or its name in the network"),
    "keys": N_("Which key means what"),
    "sensing": N_("What it senses"),
    "room": N_("Room"),
    "panel_code": N_("Code on the tablet"),
    "panel_room": N_("Room"),
}
# what a key of a payload may mean
KEY_WORDS = {
    "occupancy": N_("presence"),
    "people": N_("number of people"),
    "battery": N_("battery"),
    "online": N_("whether it is online"),
}
TOASTS = {
    "bound": N_("The device is in the register."),
    "followed": N_("The device goes on under its new name."),
    "paired": N_("The tablet is now the door panel of this room."),
    "unpaired": N_("The tablet is no longer a door panel: it shows a code."),
    "placed": N_("Changed."),
    "renamed": N_("It has another name now."),
    "replaced": N_("Another apparatus speaks in its place."),
    "retired": N_("It is out of use."),
    "taken_back": N_("It is in use again."),
    "panel_set": N_("The panel shows it within seconds."),
}


def kind_word(device: Device, context: PageContext) -> str:
    """What kind of thing it is."""
    return context.say(KIND_WORDS[device.kind])


def reason_word(reason: str, context: PageContext) -> str:
    """Why a sensor says what it says."""
    return context.say(REASON_WORDS.get(reason, NOT_TRUSTED))


def doubt_of(device: Device, room: Room | None, context: PageContext) -> str:
    """Why what this device of the room sees is not believed to the last, and since when its word has not changed, as
    the room was last judged; nothing if it is.
    """
    for line in (room and room.occupancy_evidence) or []:
        if line["sensor"] == device.code and line["reason"] in DOUBTS:
            return doubt_words(line["reason"], line["since"] and datetime.fromisoformat(line["since"]), context)
    return ""


def doubt_words(reason: str, since: datetime | None, context: PageContext) -> str:
    """A doubt, and since when the sensor says the same."""
    sentence = reason_word(reason, context)
    if since is None:
        return sentence
    unchanged = context.say(N_("unchanged since %(time)s")) % {"time": context.fmt.when(since, context.now)}
    return f"{sentence}, {unchanged}"


def keys_word(device: Device, context: PageContext) -> str:
    """Which key of what a device sends means what; nothing where the usual names are read."""
    keys: dict[str, str] = device.value_keys or {}
    return ", ".join(f"{context.say(KEY_WORDS.get(name, name))}: {key}" for name, key in keys.items())


def toast_of(act: str, context: PageContext) -> str:
    """What the page says after an act; nothing for a name that is none."""
    return context.say(TOASTS[act]) if act in TOASTS else ""


def refusal_word(reason: str, context: PageContext) -> str:
    """Why something that a device sent was refused; what a codec says of a single value is quoted."""
    text = next((text for start, text in REFUSAL_WORDS.items() if reason.startswith(start)), None)
    return context.say(text) if text else f"“{reason}”" if context.language == "en" else f"„{reason}”"
