"""The demo's floor plan: the Help Point's floor as an architect would send it, with its rooms placed on it."""

from datetime import datetime
from pathlib import Path

from registry.core.history import Actor
from registry.plans.actions import place_rooms, set_picture
from registry.plans.pictures import store_picture
from registry.plans.queries import floor_of
from registry.plans.rules import Corners, rectangle
from registry.rooms.queries import room_by_code

DRAWING = Path(__file__).parent / "data" / "parter.svg"
LARGEST = 1_000_000
WIDTH, HEIGHT = 1200, 620  # of the drawing
# left, top, right and bottom of each room in it
BOXES = {
    "PP-02": (20, 20, 220, 230), "PP-03": (220, 20, 360, 230), "PP-04": (360, 20, 500, 230),
    "PP-05": (500, 20, 640, 230), "PP-06": (640, 20, 800, 230), "PP-07": (800, 20, 980, 230),
    "PP-08": (980, 20, 1180, 230), "KOR-01": (300, 230, 1180, 340), "PP-09": (520, 340, 690, 600),
    "PP-10": (690, 340, 810, 600), "PP-11": (810, 340, 960, 600),
}  # fmt: skip
RECEPTION = ((20, 230), (300, 230), (300, 340), (520, 340), (520, 600), (20, 600))


async def lay_plan(actor: Actor, now: datetime) -> None:
    """Put the drawing on the Help Point's floor, and its rooms on the drawing."""
    reception = await room_by_code("PP-01")
    floor = floor_of(reception)
    content = await store_picture(DRAWING.read_bytes(), DRAWING.name, 1, LARGEST)
    await set_picture(floor, content, actor, now)
    shapes: dict[str, Corners | None] = {
        code: rectangle(left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (low - top) / HEIGHT)
        for code, (left, top, right, low) in BOXES.items()
    }
    shapes["PP-01"] = tuple((x / WIDTH, y / HEIGHT) for x, y in RECEPTION)
    await place_rooms(floor, shapes, actor, now)
