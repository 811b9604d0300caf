"""Writing rows in transactions of some hundred: how far it came, what was refused late, what is free still."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.models import Model

from registry.core import history
from registry.core.history import Actor
from registry.importing.models import ImportedRecord
from registry.importing.rows import ImportProblem, ListRow

BATCH = 500

Milestone = Callable[[int, int], Awaitable[None]]


@dataclass(slots=True)
class WritingProgress:
    """How many records an import made, and the rows it refused.

    ``milestone`` is awaited at the end of each transaction with the last line that it wrote and the records so far.
    ``first_line`` is that of the batch at hand.
    With the ``number`` of a sent list each record is remembered, so that the list can be undone. ``number_keys`` are
    numbers that stand in the list: where pieces without one get the next, these are passed by.
    """

    records: int = 0
    refused_rows: list[ListRow] = field(default_factory=list)
    milestone: Milestone | None = None
    number: str = ""
    file: str = ""
    first_line: int = 0
    latest: list[ImportedRecord] = field(default_factory=list)
    number_keys: Collection[str] = ()

    def remember(
        self, noun: str, record_id: int, line: int, seq: int = 1, before: dict[str, Any] | None = None
    ) -> None:
        """This record was made by a line, or was ``before`` it changed it; ``seq`` is that of its newest history."""
        if self.number:
            self.latest.append(
                ImportedRecord(
                    import_number=self.number, line=line, noun=noun, record_id=record_id, seq=seq, before=before
                )
            )

    async def begin(self) -> None:
        """In a transaction before the first that writes rows of the batch at hand: from now on the list is begun, and
        in the register up to the line before.
        """
        if self.milestone:
            await self.milestone(self.first_line - 1 or -1, self.records)

    async def add(self, batch: Sequence[ListRow], records: int) -> None:
        """Count what a transaction wrote, at its end."""
        self.records += records
        if self.latest:
            await ImportedRecord.bulk_create(self.latest, batch_size=BATCH)
            self.latest = []
        if self.milestone:
            await self.milestone(batch[-1].line, self.records)

    def refuse(self, row: ListRow, problem: ImportProblem) -> None:
        """Leave a row out that was accepted before."""
        row.problems.append(problem)
        self.refused_rows.append(row)


RowWriter = Callable[[list[ListRow], Actor, datetime, WritingProgress], Awaitable[None]]


async def free_rows(
    batch: Sequence[ListRow], model: type[Model], key: str, progress: WritingProgress, column: str = ""
) -> list[ListRow]:
    """The rows whose key nobody took since the check; the others are refused. Inside the caller's transaction.

    ``column`` of the list holds the ``key`` of the model; they are called alike unless it is named.
    """
    column = column or key
    rivals = await model.filter(**{f"{key}__in": [row.values[column] for row in batch]}).values_list(key, flat=True)
    for row in batch:
        if row.values[column] in rivals:
            progress.refuse(row, ImportProblem("CODE_TAKEN", column, row.values[column]))
    return [row for row in batch if row.values[column] not in rivals]


def filled(row: ListRow, without: Sequence[str] = ()) -> dict[str, Any]:
    """The columns of a record that the row says something of; the rest keep their defaults."""
    return {name: value for name, value in row.values.items() if name not in without and value not in (None, "")}


async def write_first_entries(
    noun: str,
    model: type[Model],
    key: str,
    rows: Sequence[ListRow],
    actor: Actor,
    now: datetime,
    progress: WritingProgress,
) -> None:
    """The first entry in the history of each new record, which is found by its key."""
    keys = [row.values[key] for row in rows]
    ids: Mapping[str, int] = dict(await model.filter(**{f"{key}__in": keys}).values_list(key, "id"))
    for row in rows:
        progress.remember(noun, ids[row.values[key]], row.line)
    entries = [(f"{noun}:{ids[row.values[key]]}", row.as_record()["values"]) for row in rows]
    await history.write_new(entries, "imported", actor, now)
