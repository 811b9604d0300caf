"""A note in the data directory, for whichever process draws the page of who runs Izba."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson

Note = TypeVar("Note")


def write_note(file: Path, content: Mapping[str, Any]) -> None:
    """Put it in the place of the one before, whole. Raises OSError."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(orjson.dumps(content))
    fresh.replace(file)


def read_note(file: Path, meaning: Callable[[Any], Note]) -> Note | None:
    """What ``meaning`` makes of its content; None where there is none, or it cannot be read."""
    try:
        return meaning(orjson.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
