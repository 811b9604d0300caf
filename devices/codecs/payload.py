"""What a payload says, read strictly. Nothing but Refused ever leaves this module.

Python's own reader takes ``NaN``, ``1e999`` and duplicate keys, and dies of deep nesting. A broker hands over whatever
anybody who reaches it sends.
"""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

LIMIT = 64 * 1024
DEPTH = 32
FAST_LIMIT = 2048
MAX_DIGITS = 18
MAX_WORD = 120

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_PYTHON = re.compile(r"^[\[{(]\s*'|\b(?:True|False|None)\b")
_decoder = msgspec.json.Decoder()


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """A payload that is not read; the message is a short reason."""


class PlainText(str):
    """A payload that is plain text and not JSON, such as ``online``."""

    __slots__ = ()


def read(payload: bytes) -> Any:
    """The value of a JSON payload, or a PlainText. Raises Refused for everything else."""
    if len(payload) > LIMIT:
        raise Refused("over the size limit")
    flat = _read_flat(payload)
    return _read_strictly(payload) if flat is None else flat


def _read_flat(payload: bytes) -> dict[str, Any] | None:
    """A small object without nesting, read fast; None if there is anything to look at twice."""
    if payload[:1] != b"{" or len(payload) > FAST_LIMIT or b"[" in payload or payload.count(b"{") != 1:
        return None
    try:
        value = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # as many colons behind a quote as keys: no key came twice
    if payload.count(b'":') != len(value) or b'" ' in payload or b"\n" in payload or b"\t" in payload:
        return None
    return None if b"\r" in payload or _has_long_number(value) else value


def _has_long_number(value: dict[str, Any]) -> bool:
    return any(isinstance(one, int | float) and abs(one) >= 1e18 for one in value.values())


def _read_strictly(payload: bytes) -> Any:
    text = _text(payload).strip(" \t\r\n")
    if not text:
        raise Refused("only white space")
    _check_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except (ValueError, RecursionError) as fault:
        return _plain_text(text, fault)


def _text(payload: bytes) -> str:
    if payload[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        raise Refused("utf-32")
    if payload[:2] in (b"\xff\xfe", b"\xfe\xff") or _looks_utf16(payload):
        raise Refused("utf-16")
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("not utf-8") from None
    if "\0" in text:
        raise Refused("NUL in the payload")
    return text


def _looks_utf16(payload: bytes) -> bool:
    """ASCII in UTF-16 without its mark has a NUL in every other byte."""
    if len(payload) < 4 or len(payload) % 2:
        return False
    even, odd = payload[::2], payload[1::2]
    return (not any(odd) and all(even)) or (not any(even) and all(odd))


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.finditer(_STRINGS.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH:
            raise Refused("too deep")


def _plain_text(text: str, fault: Exception) -> PlainText:
    if _PYTHON.search(text) and text[0] in "[{(":
        raise Refused("python repr") from None
    if text[0] in "[{\"'(" or len(text) > MAX_WORD:
        reason = getattr(fault, "msg", "") or "too deep"
        raise Refused(f"not JSON: {reason}"[:120]) from None
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise Refused("control characters")
    return PlainText(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Refused(f"duplicate key {twice[:40]}".encode("utf-8", "replace").decode())
    return value


def _constant(name: str) -> NoReturn:
    raise Refused(f"{name.lstrip('-')} is not JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Refused("a number out of range")
    return number


def _int(text: str) -> int:
    if len(text.lstrip("-")) > MAX_DIGITS:
        raise Refused("a number out of range")
    return int(text)
