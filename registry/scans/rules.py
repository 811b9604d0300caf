"""What a reader's keystrokes may have been, and where somebody stands. Pure."""

from datetime import datetime, timedelta

from registry.assets import tags

CODE_LENGTH, DEVICE_LENGTH = 200, 64
# so long does the room that was scanned last count as the one in which somebody stands
STANDS = timedelta(hours=2)
# so far back may a scan have been made that was sent when the network was there again
LATE = timedelta(days=7)

# A handheld reader types as on an American keyboard, and the computer reads the keys by its own: which sign of the
# computer was which key of the reader.
_Z_FOR_Y = str.maketrans("YZyz-ö&", "ZYzy/:/")
_FRENCH_LETTERS = str.maketrans("AQZWaqzw,?", "QAWZqawzMM")
_DIGIT_ROWS = (
    "!@#$%^&*()",  # American and Polish with the capitals held down
    "&é\"'(-è_çà",  # French
    "+ěščřžýáíé",  # Czech
    "+ľščťžýáíé",  # Slovak
)
_KEYS = "1234567890"


def printable(typed: str) -> str:
    """What was read without what nobody can see, and no longer than a code is stored."""
    return "".join(character for character in typed if character.isprintable()).strip()[:CODE_LENGTH]


def may_be_device(typed: str) -> bool:
    """Whether a text could be a device's code."""
    return 0 < len(typed) <= DEVICE_LENGTH


def slips_of(typed: str) -> list[str]:
    """The codes of labels that a reader on another keyboard may have typed so: each with a right check character, none
    for what is a code as it stands. Several leave it open which one it was.
    """
    if tags.check(tags.normalised(typed)):
        return []
    codes = {tags.normalised(text) for text in _layouts(typed)}
    return sorted(code for code in codes if tags.check(code))


def _layouts(typed: str) -> list[str]:
    texts = [typed, *(typed.translate(str.maketrans(row, _KEYS)) for row in _DIGIT_ROWS)]
    swapped = [text.translate(table) for text in texts for table in (_Z_FOR_Y, _FRENCH_LETTERS)]
    return [text for text in (*texts[1:], *swapped) if text != typed]


def moment_of(at: datetime | None, now: datetime) -> datetime:
    """When a scan was made: what its phone says, within reason."""
    return min(max(at, now - LATE), now) if at else now
