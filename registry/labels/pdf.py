"""Labels as a PDF that a screen reader can read (PDF/UA), set by typst from ``sheet.typ``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from registry.labels.equipment import RoomEquipment
from registry.labels.faces import LabelFace, check_code, code_svg, emblem_svg
from registry.labels.formats import LabelFormat, spots

HERE = Path(__file__).parent
WALL, SECOND = "wall", 40.0  # the notice of a room, and the side of each code where it has two, in millimetres
EMBLEM = "Flaga Unii Europejskiej"


@lru_cache(1)
def fonts() -> typst.Fonts:
    """What every paper of ours is set in: our own files, so that each machine sets the same."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])


def accessible_pdf(template: Path, data: Mapping[str, Any], moment: datetime) -> bytes:
    """A paper that a screen reader can read (PDF/UA), set by a template of ours from what it reads as JSON; the same
    bytes for the same data and moment. It takes some tenths of a second and more: not in the loop.
    """
    return typst.compile(
        template.read_bytes(),
        font_paths=fonts(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=moment.replace(microsecond=0),  # typst knows none
    )


def labels_pdf(faces: Sequence[LabelFace], form: LabelFormat, now: datetime, start: int = 1) -> bytes:
    """All of these labels; ``start`` is the first spot of the first sheet, from 1. It takes a second for some hundred:
    not in the loop.

    Raises Invalid: label.bad_start, label.code_too_small.
    """
    return accessible_pdf(HERE / "sheet.typ", _data(faces, form, start), now)


def first_page_svg(faces: Sequence[LabelFace], form: LabelFormat, start: int = 1) -> bytes:
    """The first page as a picture, to be looked at before it is printed. Raises as :func:`labels_pdf`."""
    few = faces[: form.per_page - start + 1] if start <= form.per_page else faces
    pictures: Any = typst.compile(  # a list where there are several pages, which its stub does not say
        (HERE / "sheet.typ").read_bytes(),
        font_paths=fonts(),
        format="svg",
        sys_inputs={"data": json.dumps(_data(few, form, start), ensure_ascii=False)},
    )
    picture: bytes = pictures[0] if isinstance(pictures, list) else pictures
    return picture


def equipment_pdf(
    rooms: Sequence[RoomEquipment], office: str, words: Mapping[str, str], language: str, day: str, now: datetime
) -> bytes:
    """A notice of what stands in it for each of these rooms, in these words; not in the loop."""
    data = {
        "rooms": [asdict(room) | {"pieces": room.pieces} for room in rooms], "office": office, "words": dict(words),
        "language": language, "day": day,
    }  # fmt: skip
    midnight = now.replace(hour=0, minute=0, second=0)  # of its day: the same all day long
    return accessible_pdf(HERE / "equipment.typ", data, midnight)


def _data(faces: Sequence[LabelFace], form: LabelFormat, start: int) -> dict[str, Any]:
    """What the template reads."""
    for face in faces:
        check_code(face.address, form)
        if face.fault_address and form.code == WALL:
            check_code(face.fault_address, replace(form, qr=SECOND))
    places = spots(form, len(faces), start)
    pages: list[list[dict[str, object]]] = [[] for _ in range(places[-1][0] + 1)] if places else [[]]
    for face, (page, x, y) in zip(faces, places, strict=True):
        pages[page].append(_on_page(face, form, x, y))
    return {
        "title": form.title, "office": faces[0].office if faces else "", "language": "pl",
        "page": form.page, "label": form.label,
        "qr": form.qr, "padding": form.padding, "emblem": form.emblem, "pages": pages, "is_wall": form.code == WALL,
        "second": SECOND,
        "emblem_svg": emblem_svg(black=form.is_thermal), "emblem_alt": EMBLEM,
    }  # fmt: skip


def _on_page(face: LabelFace, form: LabelFormat, x: float, y: float) -> dict[str, object]:
    return {
        "x": x,
        "y": y,
        "svg": code_svg(face.address)[0],
        "about": face.about or face.lines[0],
        "second": code_svg(face.fault_address)[0] if face.fault_address and form.code == WALL else "",
        "captions": face.captions,
        "lines": face.lines[: form.lines + 1],
        "office": face.office,
        "funding": face.funding,
    }
