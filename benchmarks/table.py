"""The rows of the table of promises."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A promise, what was measured, the floor it stands on, and its bar."""

    promise: str
    measured: str
    floor: str
    bar: str
    is_kept: bool


def show(rows: list[Row]) -> str:
    head = Row("promise", "measured", "floor in the same run", "bar", True)
    lines = [f"| {head.promise} | {head.measured} | {head.floor} | {head.bar} | |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.promise} | {row.measured} | {row.floor} | {row.bar} | {'kept' if row.is_kept else 'missed'} |"
        for row in rows
    ]
    return "\n".join(lines)
