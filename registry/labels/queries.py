"""What is asked about labels: which pieces and rooms they are for, and what stands on each."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.assets import tags
from registry.assets.models import STANDING, Asset, FundingShare, Tag
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.ids import may_be_id
from registry.core.statements import column
from registry.labels.faces import LabelFace, address_of
from registry.labels.formats import FORMATS, USUAL_PARTS, parts_in
from registry.labels.models import LabelLayout, LabelRun
from registry.rooms.models import Room
from registry.rooms.queries import CODE_LENGTH, is_code, room_by_code, rooms_of_codes

AT_MOST = 1000  # labels of one run
MOST_ROOMS = 200  # of which one file tells what stands in them


@dataclass(frozen=True, slots=True)
class LabelOffice:
    """What every label and paper of an office says: the address that its codes begin with, its name, the Union's name
    as the law wants it beside the emblem, and where the office is.
    """

    base_url: str
    name: str = ""
    union: str = "Unia Europejska"
    captions: tuple[str, str] = ("Rezerwacja i plan dnia", "Zgłoś usterkę")  # of the two codes on a room's wall
    address: str = ""


@dataclass(frozen=True, slots=True)
class LabelWish:
    """What labels are for: pieces by id, what stands in a room by its code, tags by theirs, or rooms themselves."""

    asset_ids: tuple[int, ...] = ()
    room: str = ""
    tags: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()


async def tag_codes(wish: LabelWish) -> list[str]:
    """The tags that a wish means, in the order of a list: pieces by name and number. Pieces first, then rooms.

    Raises NotFound: room.unknown, tag.unknown, tag.bad_check; Invalid("label.too_many");
    Conflict: label.piece_without_tag, label.room_without_tag.
    """
    ids = await _piece_ids(wish)
    newest = await _newest_tags(ids)
    if bare := await Asset.filter(id__in=[pk for pk in ids if pk not in newest]).order_by("id").first():
        raise Conflict("label.piece_without_tag", piece=" ".join(filter(None, (bare.inventory_no, bare.name))))
    codes = [newest[pk] for pk in ids if pk in newest]
    codes += await _known_tags(wish.tags)
    codes += [code for code in await _room_tags(wish.rooms) if code not in codes]
    if len(codes) > AT_MOST:
        raise Invalid("label.too_many", count=len(codes), limit=AT_MOST)
    return codes


async def pieces_without_tag(wish: LabelWish) -> list[int]:
    """The pieces of a wish that no label leads to, each once; some may be gone. Raises NotFound("room.unknown")."""
    ids = await _piece_ids(wish)
    newest = await _newest_tags(ids)
    return [pk for pk in ids if pk not in newest]


async def _piece_ids(wish: LabelWish) -> list[int]:
    """The pieces of a wish, each once. Raises NotFound("room.unknown")."""
    ids = [pk for pk in wish.asset_ids if may_be_id(pk)]
    if wish.room:
        room = await room_by_code(wish.room)
        pieces = Asset.filter(room_id=room.id, lifecycle__in=STANDING).order_by("search_text", "id")
        ids += await column(pieces.limit(AT_MOST + 1), "id")
    return list(dict.fromkeys(ids))


async def _newest_tags(asset_ids: Sequence[int]) -> dict[int, str]:
    """The newest label of each of these pieces that has one."""
    rows = Tag.filter(asset_id__in=list(asset_ids), lost_at=None).order_by("id")
    return dict(await rows.values_list("asset_id", "code")) if asset_ids else {}


async def _known_tags(codes: Iterable[str]) -> list[str]:
    typed = [tags.normalised(code) for code in codes]
    for code in typed:
        if not tags.check(code):
            raise NotFound("tag.bad_check", code=code[:40])
    codes_there = {str(code) for code in await Tag.filter(code__in=typed).values_list("code", flat=True)}
    unknown = next((code for code in typed if code not in codes_there), None)
    if unknown is not None:
        raise NotFound("tag.unknown", code=unknown)
    return typed


async def _room_tags(codes: Sequence[str]) -> list[str]:
    """The tag of each room. Raises NotFound("room.unknown"), Conflict("label.room_without_tag")."""
    rooms = await rooms_named(codes)
    newest = await _tags_of_rooms(rooms)
    bare = next((room for room in rooms if room.id not in newest), None)
    if bare:
        raise Conflict("label.room_without_tag", room=bare.code)
    return [newest[room.id] for room in rooms]


async def rooms_named(codes: Sequence[str]) -> list[Room]:
    """The rooms with these codes, each once. Raises NotFound("room.unknown")."""
    names = dict.fromkeys(codes)
    rooms = {room.code: room for room in await rooms_of_codes([code for code in names if is_code(code)])}
    unknown = next((code for code in names if code not in rooms), None)
    if unknown is not None:
        raise NotFound("room.unknown", room=unknown[:CODE_LENGTH])
    return [rooms[code] for code in names]


async def rooms_without_tag(rooms: Sequence[Room]) -> list[Room]:
    """Those of these rooms that no tag leads to."""
    newest = await _tags_of_rooms(rooms)
    return [room for room in rooms if room.id not in newest]


async def _tags_of_rooms(rooms: Sequence[Room]) -> dict[int, str]:
    """The newest tag of each of these rooms that has one."""
    rows = Tag.filter(room_id__in=[room.id for room in rooms], lost_at=None).order_by("id")
    return dict(await rows.values_list("room_id", "code")) if rooms else {}


async def faces_of(codes: Sequence[str], office: LabelOffice, parts: Collection[str] = USUAL_PARTS) -> list[LabelFace]:
    """What stands on the label of each tag: of a piece these parts. One that is on nothing yet has its code alone."""
    columns = (
        "code", "asset_id", "asset__inventory_no", "asset__name", "asset__serial_no", "asset__room__code", "room__code",
        "room__name",
    )  # fmt: skip
    rows = {row[0]: row for row in await Tag.filter(code__in=list(codes)).values_list(*columns)}
    has_emblem, name_of_office = "emblem" in parts, office.name if "office" in parts else ""
    funding = await _funding([row[1] for row in rows.values() if row[1] and has_emblem], office)
    faces = []
    for code in codes:
        _, asset_id, number, name, serial, stands_in, room, room_name = rows[code]
        address = address_of(office.base_url, code)
        if room:
            lines = tuple(line for line in (room, room_name or "") if line)
            fault = f"{office.base_url.rstrip('/')}/faults/new?tag={code}"
            faces.append(LabelFace(code, address, lines, office.name, (), f"QR: {room}", fault, office.captions))
            continue
        lines = _lines(code, number, name, serial, stands_in, parts)
        faces.append(LabelFace(code, address, lines, name_of_office, funding.get(asset_id, ()), f"QR: {lines[0]}"))
    return faces


def blank_faces(codes: Sequence[str], office: LabelOffice) -> list[LabelFace]:
    """What stands on labels that are on nothing yet: their codes."""
    return [
        LabelFace(code, address_of(office.base_url, code), (code,), office.name, (), f"QR: {code}") for code in codes
    ]


def _lines(
    code: str, number: str | None, name: str | None, serial: str | None, room: str | None, parts: Collection[str]
) -> tuple[str, ...]:
    """The words of a piece's label, in the order of the parts; its code where nothing else is chosen or known."""
    texts = {
        "number": number or (code if name else ""), "name": name, "serial": f"S/N {serial}" if serial else "",
        "tag": code if number else "", "room": room,
    }  # fmt: skip
    return tuple(text for part, text in texts.items() if part in parts and text) or (code,)


async def parts_of(form: str) -> tuple[str, ...]:
    """What stands on the labels of a format, as it was chosen last."""
    layout = await LabelLayout.get_or_none(format=form)
    return parts_in(layout.parts) if layout else USUAL_PARTS


async def usual_format(wish: LabelWish) -> str:
    """The format that the categories of most of these pieces give, the notice for rooms themselves; empty for none."""
    try:
        ids = await _piece_ids(wish)
    except NotFound:
        return ""
    if not ids:
        return "wall" if wish.rooms else ""
    names = await Asset.filter(id__in=ids).exclude(category="").values_list("category", flat=True)
    tree = await category_tree() if names else CategoryTree()
    formats = Counter(tree.defaults_of(str(name)).label_format for name in names)
    best = formats.most_common(1)
    return best[0][0] if best and best[0][0] in FORMATS else ""


async def _funding(asset_ids: Sequence[int], office: LabelOffice) -> dict[int, tuple[str, ...]]:
    """The words beside the emblem of each piece that a grant paid for, also of one that cost nothing."""
    words: dict[int, tuple[str, ...]] = {}
    shares = FundingShare.filter(asset_id__in=list(asset_ids), grant_id__not_isnull=True).order_by("id")
    for asset_id, fund, grant in await shares.values_list("asset_id", "grant__fund", "grant__code"):
        words.setdefault(asset_id, (office.union, fund, f"Projekt nr {grant}"))
    return words


async def standing_in(codes: Sequence[str]) -> list[tuple[Room, list[dict[str, Any]]]]:
    """Each of these rooms with what stands in it, by name: three statements for all. Raises NotFound("room.unknown"),
    Invalid: label.none, label.too_many_rooms.
    """
    if not codes:
        raise Invalid("label.none")
    if len(set(codes)) > MOST_ROOMS:
        raise Invalid("label.too_many_rooms", limit=MOST_ROOMS)
    ids = [room.id for room in await rooms_named(codes)]
    rows = {room.id: room for room in await Room.filter(id__in=ids).select_related("building")}
    rooms = [rows[pk] for pk in ids]
    stands: dict[int, list[dict[str, Any]]] = {room.id: [] for room in rooms}
    columns = ("id", "room_id", "inventory_no", "name", "quantity")
    pieces = Asset.filter(room_id__in=list(stands), lifecycle__in=STANDING).order_by("search_text", "id")
    for row in await pieces.values(*columns, custodian_name="custodian__name"):
        stands[row["room_id"]].append(row)
    return [(room, stands[room.id]) for room in rooms]


async def newest_runs(limit: int = 10) -> list[LabelRun]:
    """What was printed, the newest first."""
    return await LabelRun.all().order_by("-id").limit(limit)
