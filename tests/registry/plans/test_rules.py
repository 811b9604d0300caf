"""Shapes of rooms on a plan, a floor drawn from its rooms alone, and what a picture may hold."""

from collections.abc import Sequence
from math import nan, sqrt

import pytest

from registry.core.errors import Invalid
from registry.plans import rules
from registry.plans.rules import (
    CORRIDOR,
    MOST_CORNERS,
    ROW,
    Box,
    Corners,
    FloorRoom,
    PictureKind,
    area,
    box_of,
    is_rectangle,
    picture_fault,
    picture_kind,
    rectangle,
    rounded,
    schematic,
    shape_fault,
    unsafe_part,
    wall_digest,
    wall_secret,
    word_spot,
)

L_SHAPE = rounded([(0, 0), (0.5, 0), (0.5, 0.2), (0.1, 0.2), (0.1, 1), (0, 1)])


def test_a_rectangle_is_its_own_box() -> None:
    shape = rectangle(0.1, 0.2, 0.3, 0.4)
    assert shape == ((0.1, 0.2), (0.4, 0.2), (0.4, 0.6), (0.1, 0.6))
    assert box_of(shape) == Box(0.1, 0.2, 0.3, 0.4)
    assert area(shape) == pytest.approx(0.12)
    assert is_rectangle(shape)
    assert not is_rectangle(L_SHAPE)
    assert not is_rectangle(shape[:3])


@pytest.mark.parametrize(
    ("corners", "code"),
    [
        (((0.0, 0.0), (1.0, 0.0)), "plan.bad_shape"),
        (((0.0, 0.0),) * (MOST_CORNERS + 1), "plan.bad_shape"),
        (rectangle(0.8, 0.0, 0.3, 0.5), "plan.outside"),
        (((0.0, 0.0), (1.0, 0.0), (-0.1, 0.5)), "plan.outside"),
        (((0.0, 0.0), (1.0, 0.0), (nan, 0.5)), "plan.outside"),
        (rectangle(0.5, 0.5, 0.001, 0.4), "plan.too_small"),
        (((0.1, 0.1), (0.4, 0.4), (0.9, 0.9)), "plan.too_small"),  # all on one line
    ],
)
def test_a_shape_that_cannot_be_drawn_is_refused(corners: Corners, code: str) -> None:
    fault = shape_fault(corners)
    assert fault
    assert fault.code == code


def test_shapes_that_can_be_drawn() -> None:
    assert shape_fault(rectangle(0, 0, 1, 1)) is None
    assert shape_fault(L_SHAPE) is None


def test_words_stand_in_the_middle_of_a_rectangle_and_inside_any_other_shape() -> None:
    assert word_spot(rectangle(0.1, 0.2, 0.2, 0.4), 1200, 600) == pytest.approx((240, 240, 240, 240))
    spot = word_spot(L_SHAPE, 1200, 600)
    assert spot.x < 130, "not in the middle of its box, which is outside"
    assert 0 < spot.width < 130
    flat = word_spot(((0.2, 0.2), (0.2, 0.2), (0.4, 0.2), (0.3, 0.4)))
    assert 0.25 < flat.x < 0.35, "a corner that stands twice does no harm"


def test_the_widest_place_of_a_shape_is_come_near_to_with_a_look_at_a_hundred_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points: list[tuple[float, float]] = []
    spot_at = rules._spot_at

    def counted(x: float, y: float, walls: Sequence[rules._Wall]) -> tuple[float, float, float]:
        points.append((x, y))
        return spot_at(x, y, walls)

    monkeypatch.setattr(rules, "_spot_at", counted)
    spot = word_spot.__wrapped__(L_SHAPE, 1200, 600)
    # in its bend: as far from both walls as from the corner where they meet
    assert spot.width == pytest.approx(1.6 * 120 * sqrt(2) / (1 + sqrt(2)), rel=0.02)
    assert 0 < len(points) <= 100


def test_few_rooms_stand_in_one_row_with_a_corridor_below() -> None:
    sketch = schematic([FloorRoom(1, None), FloorRoom(2, None)])
    assert sketch.height == ROW + CORRIDOR
    assert box_of(sketch.shapes[1]).width == 0.5
    assert box_of(sketch.shapes[2]).x == 0.5


def test_rooms_stand_on_both_sides_of_a_corridor_that_is_a_room_itself() -> None:
    sketch = schematic([*(FloorRoom(number, None) for number in range(1, 10)), FloorRoom(99, 30.0, True)])
    assert sketch.height == 2 * ROW + CORRIDOR
    assert [room for room, shape in sketch.shapes.items() if box_of(shape).y == 0] == [1, 2, 3, 4, 5]
    corridor = box_of(sketch.shapes[99])
    assert (corridor.x, corridor.width) == (0, 1)
    assert corridor.y == pytest.approx(ROW / sketch.height, abs=1e-4)
    assert box_of(sketch.shapes[6]).y == pytest.approx(corridor.y + corridor.height, abs=1e-4)


def test_a_larger_room_is_wider_within_bounds() -> None:
    sketch = schematic([FloorRoom(1, 400.0), FloorRoom(2, 4.0), FloorRoom(3, 20.0)])
    widths = [box_of(sketch.shapes[number]).width for number in (1, 2, 3)]
    assert widths[0] > widths[1]
    assert min(widths) > 0.2


def test_every_room_of_a_large_floor_has_a_place_of_its_own_inside() -> None:
    for many in (0, 1, 4, 14, 15, 41, 100):
        sketch = schematic([FloorRoom(number, 5.0 + number) for number in range(many)])
        assert len(sketch.shapes) == many
        assert not [shape for shape in sketch.shapes.values() if shape_fault(shape)]
        assert len(set(sketch.shapes.values())) == many
    assert schematic([FloorRoom(1, None, True), FloorRoom(2, None, True)]).height == 2 * CORRIDOR


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ", PictureKind.PAPER),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg xmlns="x">', PictureKind.DRAWING),
        (b"<a:svg>", PictureKind.DRAWING),
        (b"<html><body>svg</body>", PictureKind.OTHER),
        (b"\x89PNG <svg>", PictureKind.OTHER),
        (b"", PictureKind.OTHER),
    ],
)
def test_a_picture_is_known_by_its_content(content: bytes, kind: PictureKind) -> None:
    assert picture_kind(content) is kind


@pytest.mark.parametrize(
    ("inside", "part"),
    [
        ("<script>1</script>", "script"),
        ('<s:script xmlns:s="http://www.w3.org/2000/svg"/>', "script"),
        ('<rect onclick="1"/>', "event"),
        ('<a href="javascript:1"/>', "reference"),
        ('<rect fill="javascript:1"/>', "script"),
        ('<image href="https://example.org/x.png"/>', "reference"),
        ('<image href="/etc/passwd"/>', "reference"),
        ('<image href="data:image/svg+xml;base64,AAAA"/>', "reference"),
        ("<style>rect { fill: url(https://example.org) }</style>", "reference"),
        ("<style>@import 'x.css';</style>", "reference"),
        ("<rect style=\"fill: url('//example.org/x')\"/>", "reference"),
        ("<foreignObject/>", "foreign"),
        ("<?xml-stylesheet href='x.css'?>", "reference"),
    ],
)
def test_a_drawing_with_more_than_lines_is_told_by_what_it_holds(inside: str, part: str) -> None:
    assert unsafe_part(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'.encode()) == part


def test_an_entity_is_never_unfolded() -> None:
    assert unsafe_part(b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]><svg>&a;</svg>') == "entity"


def test_a_plain_drawing_holds_nothing_that_is_in_the_way() -> None:
    drawing = (
        b'<?xml version="1.0"?><?editor note?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">'
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><style>a{fill:url(#b)}</style>'
        b'<use x:href="#b"/><a href=" "/><image href="data:image/png;base64,AAAA"/><rect style="fill:url()"/></svg>'
    )
    assert unsafe_part(drawing) is None


def test_what_is_no_xml_is_unreadable() -> None:
    with pytest.raises(Invalid) as caught:
        unsafe_part(b"<svg><rect")
    assert caught.value.code == "plan.unreadable"


def test_a_picture_like_a_ribbon_is_no_plan() -> None:
    assert picture_fault(1800, 900) is None
    for sides in ((1800, 90), (90, 90), (300, 1900)):
        fault = picture_fault(*sides)
        assert fault
        assert fault.code == "plan.narrow"


def test_the_secret_of_a_wall_is_another_for_each_plan_number_and_key() -> None:
    secret = wall_secret("k", 1, 1)
    assert len({secret, wall_secret("k", 2, 1), wall_secret("k", 1, 2), wall_secret("x", 1, 1)}) == 4
    assert wall_secret("k", 1, 1) == secret
    assert wall_digest(secret) != secret
