"""What a person says of a list before it is read: which sheets, which row names the columns, what each column holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ListChoices:
    """Where nothing is said the file is read by its own words.

    ``sheets`` are names, ``columns`` fields by title (None: not read); ``leave_out`` are lines as the report tells
    them, ``split`` those whose numbers, from one to another, are given to a record each. New pieces without a number
    get the next one of ``number_unit``; without it they stay so.
    """

    sheets: tuple[str, ...] = ()
    header_row: int | None = None
    encoding: str | None = None
    columns: Mapping[str, str | None] = field(default_factory=dict)
    leave_out: frozenset[str] = frozenset()
    split: frozenset[str] = frozenset()
    number_unit: str | None = None

    def as_record(self) -> dict[str, Any]:
        """Itself in JSON; what nobody chose is left out."""
        record: dict[str, Any] = {
            "sheets": list(self.sheets),
            "header_row": self.header_row,
            "encoding": self.encoding,
            "columns": dict(self.columns),
            "leave_out": sorted(self.leave_out),
            "split": sorted(self.split),
            "number_unit": self.number_unit,
        }
        return {name: value for name, value in record.items() if value}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "ListChoices":
        """What ``as_record`` wrote."""
        return cls(
            sheets=tuple(record.get("sheets") or ()),
            header_row=record.get("header_row"),
            encoding=record.get("encoding"),
            columns=dict(record.get("columns") or {}),
            leave_out=frozenset(str(line) for line in record.get("leave_out") or ()),
            split=frozenset(str(line) for line in record.get("split") or ()),
            number_unit=record.get("number_unit"),
        )


NO_CHOICES = ListChoices()
