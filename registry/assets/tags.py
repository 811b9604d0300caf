"""Codes of asset tags: short, opaque, upper-case, with a check character.

Six random characters and one check character out of 31. The room, the number and the owner are never in a code, so a
printed label stays true whatever happens to the thing. Upper-case letters and digits keep a QR code in its small
alphanumeric mode.
"""

# 31 is prime: a weighted sum then catches every mistyped character and every swap of two. I, L, O, S and U are left
# out because people read them as 1, 1, 0, 5 and V.
ALPHABET = "0123456789ABCDEFGHJKMNPQRTVWXYZ"
LENGTH = 7
RANDOM_BYTES = 8

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "S": "5", "U": "V"})


def new_code(random_bytes: bytes) -> str:
    """A code out of at least :data:`RANDOM_BYTES` random bytes. One in 887 million; the database refuses a repeat."""
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a tag code takes {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random_bytes, "big")
    body = ""
    for _ in range(LENGTH - 1):
        number, value = divmod(number, len(ALPHABET))
        body += ALPHABET[value]
    return body + check_character(body)


def check_character(body: str) -> str:
    """The last character of a code, from those before it."""
    return ALPHABET[sum(place * _VALUES[character] for place, character in enumerate(body, 1)) % len(ALPHABET)]


def check(code: str) -> bool:
    """Whether a code, as :func:`normalised` gives it, is one that Izba could have printed."""
    if len(code) != LENGTH or any(character not in _VALUES for character in code):
        return False
    return check_character(code[:-1]) == code[-1]


def normalised(typed: str) -> str:
    """What a person typed or a scanner read, as a code: a whole address, small letters, spaces, O for 0."""
    text = typed.strip().split("?")[0].split("#")[0].rstrip("/").rsplit("/", 1)[-1]
    return "".join(character for character in text.upper() if character.isalnum()).translate(_MISREAD)


def printed(typed: str) -> str:
    """The code that a text spells exactly as a label does, or as the address on it; empty for a text that only may mean
    one, such as O for 0.
    """
    code, letters = normalised(typed), "".join(typed.upper().split())
    return code if check(code) and (letters == code or f"/T/{code}" in letters) else ""
