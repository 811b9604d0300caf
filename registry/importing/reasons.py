"""Why the history says that something changed by a list, so that the list's own doing is known again. Pure."""


def import_reason(number: str, file: str) -> str:
    """The reason of what a sent list changes."""
    return f"{_mark(number)} {file}".strip()[:300] or "import"


def undo_reason(number: str, file: str, words: str) -> str:
    """The reason of what its undo changes."""
    return f"{_mark(number)} {file}: {words}"[:300] if words else import_reason(number, file)


def is_by_list(reason: str, number: str) -> bool:
    """Whether the list itself, or its undo, gave this reason."""
    return bool(number) and reason.startswith(_mark(number))


def _mark(number: str) -> str:
    return f"import {number}" if number else ""
