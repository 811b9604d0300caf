"""What a scan is answered: a sentence, its tone, and where it leads."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from registry.assets import tags
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry
from registry.rooms.models import Room
from registry.scans.models import Reader, ScanResult
from registry.scans.queries import Match
from web.assets.words import ACTION_WORDS
from web.kit.page_context import PageContext
from web.kit.words import N_

READER_WORDS = {
    Reader.CAMERA: N_("camera"),
    Reader.KEYS: N_("typed or handheld reader"),
    Reader.LINK: N_("opened from the phone"),
    Reader.PROGRAM: N_("another program"),
}
LABEL_WORDS = {
    ScanResult.BLANK: N_("is on nothing yet; what do you stick it on?"),
    ScanResult.LOST: N_("was said to be gone; put it on something again"),
}
IN_PLACE, MOVES = N_("is in its place"), N_("in the register in %(place)s; will be moved to %(room)s")
NOWHERE = N_("no room")


@dataclass(frozen=True, slots=True)
class ScanLine:
    """A scan as it is shown. ``tone``: good, warn, bad, ask; ``href`` is where it leads, empty for nowhere."""

    title: str
    detail: str
    tone: str
    symbol: str
    href: str


def line_of(match: Match, typed: str, room: Room | None, context: PageContext) -> ScanLine:
    """What to say of a scan to somebody who stands in ``room``, or nowhere that is known."""
    if match.asset:
        return _asset_line(match, room, context)
    say = context.say
    if match.room:
        return ScanLine(
            match.room.code, context.words.room(match.room), "good", "door", f"/rooms/{_part(match.room.code)}"
        )
    if match.device:
        return ScanLine(match.device.code, say(N_("a device")), "good", "broadcast", device_address(match, context))
    if match.fault_id:
        return ScanLine(typed, say(N_("a fault")), "good", "tool", f"/faults/{match.fault_id}")
    if match.result in LABEL_WORDS:
        label = say(N_("Label %(code)s")) % {"code": match.code}
        return ScanLine(label, say(LABEL_WORDS[match.result]), "ask", "qrcode", f"/t/{match.code}")
    if match.result is ScanResult.SEVERAL:
        where = f"/assets?{urlencode({'q': typed})}"
        return ScanLine(typed, say(N_("several fit; scan or type the whole number")), "ask", "help", where)
    return ScanLine(typed, unknown_words(typed, context), "bad", "help", "")


def _asset_line(match: Match, room: Room | None, context: PageContext) -> ScanLine:
    asset = match.asset or {}
    href = f"/t/{match.code}" if match.code else f"/assets/{asset['id']}"
    name, here = asset["name"], room.code if room else ""
    if not here or not context.may("assets.change"):
        parts = [asset["inventory_no"], asset["room"] or context.say(NOWHERE)]
        return ScanLine(name, " · ".join(part for part in parts if part), "good", "check", href)
    if asset["room"] == here:
        return ScanLine(name, context.say(IN_PLACE), "good", "check", href)
    place = asset["room"] or context.say(NOWHERE)
    return ScanLine(name, context.say(MOVES) % {"place": place, "room": here}, "warn", "transfer", href)


def device_address(match: Match, context: PageContext) -> str:
    """Its line on the page of devices, empty for who may not open that."""
    return f"/devices#{_part(match.device.code)}" if match.device and context.may("devices.see") else ""


def unknown_words(typed: str, context: PageContext) -> str:
    """Why nothing has this code. One as long as a label's has a mistyped character."""
    code = tags.normalised(typed)
    if len(code) == tags.LENGTH and not tags.check(code):
        return context.words.refusal(NotFound("tag.bad_check", code=typed[:40]))
    return context.say(N_("unknown code; kept with its place and time"))


def change_words(entry: HistoryEntry, context: PageContext) -> str:
    """What somebody did to a piece since it was scanned."""
    action = context.say(ACTION_WORDS.get(entry.action, ACTION_WORDS["changed"]))
    who = {"when": context.fmt.when(entry.at, context.now), "who": entry.actor, "what": action}
    return context.say(N_("%(when)s, %(who)s: %(what)s")) % who


def piece_words(asset: dict[str, Any]) -> str:
    """A piece in one line: its name and number."""
    return " ".join(part for part in (asset["name"], asset["inventory_no"]) if part)


def _part(text: str) -> str:
    return quote(text, safe="")
