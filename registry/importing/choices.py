"""What a person says of a list before it is read: which sheets, which row names the columns, what each column holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ListChoices:
    """Where nothing is said the file is read by its own words.

    ``sheets`` are names, ``columns`` fields by title (None: not read); ``leave_out`` are lines as the report tells
    them, ``split`` those whose numbers, from one to another, are given to a record each. New pieces without a number
    get the next one of ``number_unit``; without it they stay so. Of pieces that are there the fields of ``keep`` stay
    as they are, and by line those of ``keep_rows``; fields are called as the changes of a row are.
    """

    sheets: tuple[str, ...] = ()
    header_row: int | None = None
    encoding: str | None = None
    columns: Mapping[str, str | None] = field(default_factory=dict)
    leave_out: frozenset[str] = frozenset()
    split: frozenset[str] = frozenset()
    number_unit: str | None = None
    keep: frozenset[str] = frozenset()
    keep_rows: Mapping[str, list[str]] = field(default_factory=dict)

    def kept_of(self, line: int | str) -> frozenset[str]:
        """The fields that stay as they are in the piece that a line is about."""
        return self.keep.union(self.keep_rows.get(str(line), ()))

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
            "keep": sorted(self.keep),
            "keep_rows": {line: sorted(names) for line, names in self.keep_rows.items() if names},
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
            keep=frozenset(record.get("keep") or ()),
            keep_rows={str(line): list(names) for line, names in (record.get("keep_rows") or {}).items()},
        )


NO_CHOICES = ListChoices()
