"""A time of day as people type it, in Polish and English: ``13:30``, ``13.30``, ``9,30``, ``930``, ``9``, ``1:30 PM``,
``o 9``, ``9 rano``, ``noon``.
"""

import re
import unicodedata

DAY = 24 * 60
_WORDS = {"noon": 720, "midday": 720, "poludnie": 720, "w poludnie": 720, "midnight": 0, "polnoc": 0, "polnocy": 0}
# before a time, and what may stand after it without changing it
_BEFORE = r"(?:(?:o|od|do|at|from|to|until|till|ok|around)\s+)?(?:(?:godzinie|godziny|godzina|godz|g)\.?\s*)?"
_AFTER = r"(?:\s*(?:h|hrs|hours|godz|o'?clock))?\.?"
_MORNING = r"a\.?m?\.?|rano|przed poludniem|in the morning"
_LATER = r"p\.?m?\.?|po ?poludniu|wieczorem|wieczor|in the afternoon|in the evening"
_CLOCK = re.compile(
    rf"{_BEFORE}(?:(?P<hour>\d{{1,2}})(?:\s*[:.,;h-]\s*(?P<minute>\d\d)(?:(?<=:\d\d):00)?|\s(?P<spaced>\d\d))?"
    rf"|(?P<digits>\d{{3,4}})){_AFTER}\s*(?:(?P<morning>{_MORNING})|(?P<later>{_LATER}))?"
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | {ord("’"): "'", ord("ł"): "l"}


def minute_of_day(text: str) -> int | None:
    """Minutes after midnight, 1440 for 24:00; None when it can be read in two ways or in none.

    Twelve is noon with PM and midnight with AM. Without either word the clock has 24 hours.
    """
    plain = _plain(text)
    word = plain.removeprefix("12 ").removeprefix("o ").removeprefix("at ")
    if word in _WORDS:
        return _WORDS[word]
    match = _CLOCK.fullmatch(plain)
    if match is None:
        return None
    if match["digits"]:
        hour, minute = int(match["digits"][:-2]), int(match["digits"][-2:])
    else:
        hour, minute = int(match["hour"]), int(match["minute"] or match["spaced"] or 0)
    if minute > 59 or (hour, minute) > (24, 0):
        return None
    if match["morning"] or match["later"]:
        return _of_half(hour, minute, is_later=bool(match["later"]))
    return hour * 60 + minute


def clock(minute: int) -> str:
    """13:05 of minutes after midnight; 24:00 for the end of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _of_half(hour: int, minute: int, is_later: bool) -> int | None:
    """Of a day's two halves. 13:30 PM is what it says, 13:30 AM and 0:30 PM say two things."""
    if hour > 12:
        return hour * 60 + minute if is_later and hour < 24 else None
    if hour == 0:
        return None if is_later else minute
    return hour % 12 * 60 + minute + (DAY // 2 if is_later else 0)


def _plain(text: str) -> str:
    """Lower case, one blank between words, no accents; digits of any script as they are read."""
    folded = unicodedata.normalize("NFKD", text[:40].lower().translate(_DASHES))
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(letters.translate(_DASHES).split())
