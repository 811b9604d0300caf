"""The classes that say where a band stands, and the stylesheet that knows what they mean."""

import re

import pytest

from web.kit import time_classes
from web.kit.render import STATIC

STYLESHEET = (STATIC / "css" / "time.css").read_text("utf-8")


def sizes(classes: str) -> dict[str, int]:
    """What the stylesheet sets for some classes, by the name of the property."""
    return {
        name: int(value)
        for one in classes.split()
        for name, value in re.findall(rf"\.{one} {{ --([\w-]+): (\d+); }}", STYLESHEET)
    }


def test_every_moment_has_its_classes() -> None:
    """Without one of them a booking would stand at another hour."""
    for minute in range(time_classes.DAY):
        n = sizes(time_classes.now(minute))
        assert n["nh"] * 60 + n.get("nt", 0) * 10 + n.get("nu", 0) == minute
    for start in range(0, time_classes.DAY, 5):
        n = sizes(time_classes.span(start, start + 5))
        assert n["fh"] * 60 + n.get("ft", 0) * 10 + n.get("fu", 0) == start
        assert n["th"] * 60 + n.get("tt", 0) * 10 + n.get("tu", 0) == start + 5
    for share in range(101):
        n = sizes(time_classes.part(share))
        assert n["pt"] * 10 + n.get("pu", 0) == share
    for opens, closes in ((0, 25), (7, 17), (23, 24)):
        assert sizes(time_classes.window(opens, closes)) == {"day-start": opens, "day-hours": closes - opens}


@pytest.mark.parametrize(
    ("start", "end", "classes"),
    [(540, 600, "fh-9 th-10"), (541, 543, "fh-9 th-9 tu-5"), (-30, 60, "fh-0 th-1"), (1439, 2000, "fh-24 th-25"),
     (600, 615, "fh-10 th-10 tt-1 tu-5"), (600, 600, "fh-10 th-10 tu-5")],
)  # fmt: skip
def test_spans_on_a_band(start: int, end: int, classes: str) -> None:
    assert time_classes.span(start, end) == classes


def test_other_positions() -> None:
    assert [time_classes.now(minute) for minute in (-1, 642, 5000)] == ["nh-0", "nh-10 nt-4 nu-2", "nh-24 nt-5 nu-9"]
    assert [time_classes.part(share) for share in (-1, 12.6, 500)] == ["pt-0", "pt-1 pu-3", "pt-10"]
