"""One asset's page: its passport, its three states, its money and its history, as far as its context may see it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from registry.accounting.queries import plan_of_asset
from registry.assets.models import Condition, Lifecycle
from registry.assets.queries import alike, detail
from registry.assets.rules import feature_of
from registry.assets.transitions import TRANSITIONS, LoanState
from registry.bookings.projections import FullBooking
from registry.bookings.queries import bookings_between
from registry.core.qr import qr_code
from registry.devices.models import Device
from registry.devices.queries import devices_of_asset
from registry.documents.models import Document
from registry.documents.queries import documents_of
from registry.documents.rules import acceptance_among
from registry.faults.queries import FaultFilter, VisibleFault, search
from registry.labels.faces import address_of
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from web.accounting.view import PlanView, plan_view
from web.assets.words import CHOSEN_AS_NOBODY, TRANSITION_WORDS, AssetHistoryLine, TransitionWords, history_lines
from web.devices.view import DeviceHealth, health_of, is_near
from web.devices.words import doubt_of, reason_word
from web.history.view import StayLine, stay_lines
from web.history.words import names_in
from web.kit.page_context import PageContext

AHEAD = timedelta(days=14)
HISTORY_LINES = 12
FAULTS_SHOWN = 5
DOCUMENTS_SHOWN = 5
# what is done with a thing in this condition most, in this order
NEAR = {
    Condition.OK: ("move", "report_fault"),
    Condition.FAULTY: ("send_to_repair", "mend", "move"),
    Condition.IN_REPAIR: ("mend", "move"),
}


@dataclass(frozen=True, slots=True)
class Code:
    """A tag's QR code as the path of an inline drawing of ``size`` by ``size`` modules."""

    tag: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Durability:
    """Where today stands between acceptance and the end of what the grant demands, in percent."""

    since: date | None
    until: date
    is_over: bool
    percent: int


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device that this asset is, and what it last said."""

    device: Device
    health: DeviceHealth
    last_heard: str
    says: str


@dataclass(frozen=True, slots=True)
class OfferedAct:
    """A transition that the page offers; ``fields`` are the questions of its form."""

    name: str
    words: TransitionWords
    fields: tuple[str, ...]
    is_main: bool
    is_near: bool  # it stands by itself; the others behind one word


@dataclass(frozen=True, slots=True)
class AssetView:
    """What the template shows of one asset."""

    asset: dict[str, Any]
    room: Room | None
    code: Code | None
    acts: list[OfferedAct]
    durability: Durability | None
    devices: list[DeviceLine]
    history: list[AssetHistoryLine]
    stays: list[StayLine]
    entries: int
    condition_line: AssetHistoryLine | None
    alike: list[dict[str, Any]]
    withdrawal: AssetHistoryLine | None
    is_joined: bool
    wanted_by: list[FullBooking]
    faults: list[VisibleFault]
    fault_count: int
    grants: Decimal
    documents: list[Document]
    plan: PlanView | None  # for who counts money
    acceptance: str  # the number of the OT that holds


async def view_of(asset_id: int, context: PageContext, base_url: str) -> AssetView:
    """Gather an asset's page. Raises NotFound("asset.unknown")."""
    asset = await detail(asset_id)
    room = await room_by_code(asset["room"]) if asset["room"] else None
    entries = asset["history"] if context.may("history.see") else []
    names = await names_in([side for entry in entries for side in (entry["before"], entry["after"])])
    lines = history_lines(entries, names, context)
    faults, fault_count = await search(FaultFilter(asset=asset_id), context.person, 0, FAULTS_SHOWN)
    pairs = list(zip(lines, entries, strict=True))
    changes = (line for line, entry in pairs if "condition" in (entry["before"] or ()))
    withdrawals = (line for line, entry in pairs if entry["action"] == TRANSITIONS["withdraw"].entry)
    documents = await documents_of(asset_id, context.person)
    papers = sorted(documents, key=lambda one: one.id)
    acceptance = acceptance_among((one.symbol, one.number, one.cancelled_at is not None) for one in papers)
    is_joined = any(entry["action"] == "joined" for entry in asset["history"])
    return AssetView(
        asset=asset,
        room=room,
        code=code_of(asset["tags"][-1], base_url) if asset["tags"] else None,
        acts=[]
        if is_joined
        else acts_of(asset["lifecycle"], asset["condition"], context, bool(acceptance), bool(asset["borrower"])),
        is_joined=is_joined,
        durability=durability(asset["accepted_on"], asset["durable_until"], context.today),
        devices=await _devices(asset_id, room, context),
        history=lines[:HISTORY_LINES],
        stays=stay_lines(entries, names, context),
        entries=len(lines),
        condition_line=next(changes, None),
        alike=await alike(asset_id) if context.may("assets.change") and _may_be_joined(asset) else [],
        withdrawal=next(withdrawals, None) if asset["lifecycle"] == Lifecycle.WITHDRAWN else None,
        wanted_by=await _wanted_by(asset, room, context),
        faults=faults,
        fault_count=fault_count,
        grants=sum((share["amount"] for share in asset["shares"] if share["grant"]), Decimal(0)),
        documents=documents[:DOCUMENTS_SHOWN],
        plan=plan_view((await plan_of_asset(asset_id)).plan, context) if context.may("assets.see_money") else None,
        acceptance=acceptance,
    )


def _may_be_joined(asset: dict[str, Any]) -> bool:
    """A line of several, or what was split off one: each of many single pieces has a number of its own."""
    is_line = asset["quantity"] > 1 or any(entry["action"] in ("split", "split_off") for entry in asset["history"])
    return is_line and asset["lifecycle"] != Lifecycle.WITHDRAWN


def acts_of(
    lifecycle: Lifecycle, condition: Condition, context: PageContext, is_accepted: bool = False, is_lent: bool = False
) -> list[OfferedAct]:
    """What the context may do with an asset in these states: the likeliest act first, which is the main one. What an OT
    accepted is not accepted again, and nothing else is taken back.
    """
    useless = "accept" if is_accepted else "take_back_acceptance"
    transitions = [
        transition
        for transition in TRANSITIONS.values()
        if transition.starts_from(lifecycle, condition)
        and transition.loan in (LoanState.ANY, LoanState.LENT if is_lent else LoanState.HOME)
        and context.may(transition.may)
        and transition.name not in (*CHOSEN_AS_NOBODY.values(), useless)
    ]
    names = {transition.name for transition in transitions}
    first = ("return",) if is_lent else ("accept",) if lifecycle is Lifecycle.ORDERED else ()
    likely = (*first, *NEAR[condition])
    near = [name for name in likely if name in names] or [transition.name for transition in transitions[:1]]
    return [
        OfferedAct(
            name=transition.name,
            words=TRANSITION_WORDS[transition.name],
            fields=tuple(str(question.field) for question in transition.asks),
            is_main=transition.name == near[0],
            is_near=transition.name in near,
        )
        for transition in sorted(transitions, key=lambda one: near.index(one.name) if one.name in near else len(near))
    ]


def code_of(tag: str, base_url: str) -> Code:
    """The QR code that a tag's label carries."""
    code = qr_code(address_of(base_url, tag))
    return Code(tag, code.path, code.size)


def durability(since: date | None, until: date | None, today: date) -> Durability | None:
    """The line of a grant's durability period; None if nothing binds. Once it is over the line runs to today."""
    if until is None:
        return None
    is_over = until < today
    first = since or today
    whole = max(((today if is_over else until) - first).days, 1)
    gone = ((until if is_over else today) - first).days
    return Durability(since, until, is_over, min(max(round(gone * 100 / whole), 0), 100))


async def _devices(asset_id: int, room: Room | None, context: PageContext) -> list[DeviceLine]:
    near = room is None or is_near(room, context)
    return [
        DeviceLine(
            device=device,
            health=health_of(device, context),
            last_heard=context.ago(device.heard_at),
            says=(doubt_of(device, room, context) or _says(device, context)) if near else "",
        )
        for device in await devices_of_asset(asset_id)
    ]


def _says(device: Device, context: PageContext) -> str:
    if device.distrust:
        return reason_word(device.distrust, context)
    if device.occupied is None:
        return ""
    return reason_word("sees_somebody" if device.occupied else "sees_nobody", context)


async def _wanted_by(asset: dict[str, Any], room: Room | None, context: PageContext) -> list[FullBooking]:
    """The next bookings of its room that asked for what does not work now, as far as the context may see them."""
    feature = feature_of(asset["name"])
    if asset["condition"] == "ok" or room is None or not feature:
        return []
    ahead = await bookings_between([room], context.now, context.now + AHEAD, context.viewer)
    return [booking for booking in ahead[room.id] if isinstance(booking, FullBooking) and feature in booking.needs]
