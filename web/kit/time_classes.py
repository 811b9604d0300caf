"""Where things stand on a time band, as classes of one static stylesheet.

The content security policy allows no style attribute, so a page cannot say ``style="--from:9.5"``. It says
``fh-9 ft-3`` instead, nine hours and three tens of minutes, and ``static/css/time.css`` computes what that means.
"""

STEP = 5
HOUR = 60
DAY = 25 * HOUR  # the longest: on it the clocks go back


def span(start: int, end: int) -> str:
    """The classes of a slot from minute to minute of the local day, to the nearest 5, at least one step long."""
    first = _step(min(max(start, 0), DAY - STEP))
    return f"{_moment('f', first)} {_moment('t', max(_step(min(max(end, 0), DAY)), first + STEP))}"


def now(minute: int) -> str:
    """The classes of the line that says what time it is."""
    return _moment("n", min(max(minute, 0), DAY - 1))


def window(opens: int, closes: int) -> str:
    """The classes of a band that shows these whole hours of the day, from 0 to at most 25."""
    return f"ds-{opens} dh-{closes - opens}"


def part(share: float) -> str:
    """The classes of a share in percent: of a meter, a funding bar, a time line."""
    tens, units = divmod(round(min(max(share, 0), 100)), 10)
    return f"pt-{tens}" + (f" pu-{units}" if units else "")


def _moment(letter: str, minute: int) -> str:
    """Hours, tens of minutes and minutes; what is zero is left out, but for the hours."""
    hours, minutes = divmod(minute, HOUR)
    tens, units = divmod(minutes, 10)
    return f"{letter}h-{hours}" + (f" {letter}t-{tens}" if tens else "") + (f" {letter}u-{units}" if units else "")


def _step(minute: int) -> int:
    return STEP * round(minute / STEP)
