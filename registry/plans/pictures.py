"""The picture of a floor, from what somebody sends: a picture is stored as files are, an SVG and a page of a PDF are
drawn as a PNG first, in a process of their own.
"""

import asyncio

import orjson

from registry.core.apart import answer_of
from registry.core.aside import aside
from registry.core.context import PerRegister
from registry.core.errors import N_, Invalid, Reason
from registry.files.actions import StoredContent, store
from registry.files.rules import PICTURES, is_heic, media_type
from registry.plans.rules import (
    ELSEWHERE,
    ENTITY,
    FOREIGN,
    HANDLER,
    REFUSED,
    SCRIPT,
    PictureKind,
    picture_fault,
    picture_kind,
)

LARGEST_DRAWING = 5_000_000  # bytes of an SVG
MOST_PAGES = 9_999
PATIENCE_SECONDS = 30
# typst would start a thread for each processor, and each takes memory of its own: many would be beyond the limit
FEW_THREADS = {"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
# what an SVG holds that no plan needs
PARTS = {
    SCRIPT: Reason(N_("a script")),
    HANDLER: Reason(N_("an act of its own")),
    ELSEWHERE: Reason(N_("a reference to another place")),
    FOREIGN: Reason(N_("a part of a page")),
    ENTITY: Reason(N_("an entity")),
}
# one after the other: each may take a gigabyte for a moment
_drawing: PerRegister[asyncio.Lock] = PerRegister(asyncio.Lock)


async def store_picture(content: bytes, name: str, page: int, largest: int) -> StoredContent:
    """Store what becomes of a plan that somebody sends: an SVG, a picture, or this page of a PDF, from 1. ``largest``
    is in bytes.

    Raises Invalid: file.empty, file.too_large, plan.bad_type, plan.unsafe, plan.unreadable, plan.no_page,
    plan.too_much, plan.narrow, and what :func:`registry.files.actions.store` refuses of a picture.
    """
    kind = picture_kind(content)
    if kind is PictureKind.OTHER:
        if content and not is_heic(content) and media_type(content) not in PICTURES:
            raise Invalid("plan.bad_type", name=name)
        return await _stored(content, name, largest)
    most = LARGEST_DRAWING if kind is PictureKind.DRAWING else largest
    if len(content) > most:
        raise Invalid("file.too_large", name=name, limit=most // 1_000_000)
    if kind is PictureKind.PAPER and not 1 <= page <= MOST_PAGES:
        raise Invalid("plan.no_page", name=name, page=page)
    async with _drawing.value:
        png = await aside(_drawn, content, name, page)
    return await _stored(png, name, largest)


async def _stored(picture: bytes, name: str, largest: int) -> StoredContent:
    content = await store(picture, name, largest)
    if fault := picture_fault(content.width or 0, content.height or 0):
        raise Invalid(fault.code, **fault.params, name=name)
    return content


def _drawn(content: bytes, name: str, page: int) -> bytes:
    """What the process of ``picture_process`` makes of it."""
    command = ["registry.plans.picture_process", str(page)]
    status, answer = answer_of(command, content, PATIENCE_SECONDS, env=FEW_THREADS)
    if status == REFUSED:
        refusal = orjson.loads(answer)
        params = refusal["params"]
        if "part" in params:
            params["part"] = PARTS[params["part"]]
        raise Invalid(refusal["code"], **params, name=name)
    if status:
        raise Invalid("plan.too_much", name=name)
    return answer
