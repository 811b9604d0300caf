"""Where things stand on a time band, as classes of one static stylesheet.

The content security policy allows no style attribute, so a page cannot say ``style="--from:9.5"``. It says ``f-570``
instead, and ``static/css/time.css`` knows what that means. ``python -m web.kit.time_classes`` writes that stylesheet.
"""

from pathlib import Path

STEP = 5
DAY = 25 * 60  # the longest: on it the clocks go back
STYLESHEET = Path(__file__).parents[1] / "static" / "css" / "time.css"


def span(start: int, end: int) -> str:
    """The classes of a slot from minute to minute of the local day, to the nearest 5, at least one step long."""
    first = _step(min(max(start, 0), DAY - STEP))
    return f"f-{first} t-{max(_step(min(max(end, 0), DAY)), first + STEP)}"


def now(minute: int) -> str:
    """The class of the line that says what time it is."""
    return f"n-{min(max(minute, 0), DAY - 1)}"


def window(opens: int, closes: int) -> str:
    """The classes of a band that shows these whole hours of the day, from 0 to at most 25."""
    return f"ds-{opens} dh-{closes - opens}"


def part(share: float) -> str:
    """The class of a share in percent: of a meter, a funding bar, a time line."""
    return f"p-{round(min(max(share, 0), 100))}"


def stylesheet() -> str:
    """All of ``time.css``."""
    lines = ["/* Made by `python -m web.kit.time_classes`. Minutes of the day as hours, shares in percent. */"]
    lines += [f".f-{m}{{--from:{_hours(m)}}}" for m in range(0, DAY, STEP)]
    lines += [f".t-{m}{{--to:{_hours(m)}}}" for m in range(STEP, DAY + 1, STEP)]
    lines += [f".n-{m}{{--now:{_hours(m)}}}" for m in range(DAY)]
    lines += [f".ds-{h}{{--day-start:{h}}}" for h in range(24)]
    lines += [f".dh-{h}{{--day-hours:{h}}}" for h in range(1, 26)]
    lines += [f".p-{p}{{--part:{p}%;--at:{p}%;--share:{p}}}" for p in range(101)]
    return "\n".join(lines) + "\n"


def _step(minute: int) -> int:
    return STEP * round(minute / STEP)


def _hours(minute: int) -> str:
    return f"{minute / 60:.4f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    STYLESHEET.write_text(stylesheet(), "utf-8")
