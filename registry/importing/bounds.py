"""How much a list may be, and what is refused for being more. A file comes from anywhere: none is trusted.

The bounds are far above any office's list and far below what harms a server.
"""

from pathlib import Path

from registry.core.errors import N_, Invalid, Reason

LARGEST_FILE = 50 * 1024 * 1024
# a page of HTML is read tag by tag
LARGEST_HYPERTEXT, MOST_TAGS = 8 * 1024 * 1024, 400_000
# lines of a text, rows of a spreadsheet's pages together; the empty ones count
MOST_ROWS = 120_000
# the last column is ZZ
MOST_COLUMNS = 702
LONGEST_LINE = 1_000_000
MOST_PAGES = 100
# a spreadsheet is an archive: its parts, what they unpack to, and how many times their size that is
MOST_PARTS = 2_000
LARGEST_UNPACKED = 120 * 1024 * 1024
HIGHEST_RATIO, RATIO_FROM = 150, 10 * 1024 * 1024
# of the process that reads
MEMORY = 256 * 1024 * 1024
CPU_SECONDS, PATIENCE_SECONDS = 10, 20
LARGEST_TABLE = 200 * 1024 * 1024


def unreadable(name: str, reason: str, **params: object) -> Invalid:
    """The refusal of a file as a whole; ``reason`` ends with what to do."""
    return Invalid("import.unreadable", file=Path(name).name, reason=Reason(reason, **params))


def too_long(name: str) -> Invalid:
    """There are too many lines."""
    return unreadable(name, N_("it has more than {most} lines: delete the empty ones, or split it"), most=MOST_ROWS)


def too_wide(name: str) -> Invalid:
    """There are too many columns."""
    reason = N_("it has more than {most} columns: delete the empty ones")
    return unreadable(name, reason, most=MOST_COLUMNS)


def too_much(name: str) -> Invalid:
    """It fits no other bound, and still takes too much."""
    reason = N_(
        "reading it takes more than {megabytes} MB of memory or {seconds} seconds: delete the empty rows and columns "
        "behind its data, or split it"
    )
    return unreadable(name, reason, megabytes=MEMORY // 2**20, seconds=CPU_SECONDS)
