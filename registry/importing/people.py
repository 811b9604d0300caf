"""Lists of people and of institutions: read, judged, written."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.importing.batches import WritingProgress, filled, free_rows, write_first_entries
from registry.importing.cells import Cell
from registry.importing.reader import TableReader
from registry.importing.rows import ListRow
from registry.outbox.rules import is_address
from registry.people.models import Institution, Person, Role
from registry.people.rules import MAXIMUM_CODE, code_faults, is_login, plain_login


class PersonReader(TableReader):
    """Rows of a list of accounts. A login is stored as every other way stores it: plain."""

    limits = {"login": 64, "name": 120, "languages": 40, "mail": 254}
    key = "login"
    required = ("login", "name")
    choices = {"role": Role}

    def keys(self) -> Mapping[str, int]:
        return self.snapshot.people

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        super().fill(row, cells)
        row.values["login"] = plain_login(row.values["login"])
        if row.values["login"] and not is_login(row.values["login"]):
            self.problem(row, "INVALID_LOGIN", "login", self.cell(cells, "login"))
        if row.values.get("mail") and not is_address(row.values["mail"]):
            self.problem(row, "INVALID_MAIL", "mail", self.cell(cells, "mail"))
        role = row.values["role"]
        if role in set(Role) - self.snapshot.roles:
            self.problem(row, "ROLE_NOT_YOURS", "role", role, role=str(Role.MEMBER))
        if row.values.get("institution"):
            self.reference(row, "institution", self.snapshot.institutions, "UNKNOWN_INSTITUTION")


class InstitutionReader(TableReader):
    """Rows of a list of institutions."""

    limits = {"code": 40, "part": 100}
    required = ("code", "name")
    yes_no = frozenset({"in_team"})

    def keys(self) -> Mapping[str, int]:
        return self.snapshot.institutions

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        super().fill(row, cells)
        code = row.values["code"]
        if code and code_faults(code[:MAXIMUM_CODE]):
            self.problem(row, "INVALID_CODE", "code", self.cell(cells, "code"))


async def write_people(batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> None:
    """Accounts without a password: nobody can sign in to them until one is set."""
    async with transaction():
        rows = await free_rows(batch, Person, "login", progress)
        await Person.bulk_create([_person(row, now) for row in rows])
        await write_first_entries("person", Person, "login", rows, actor, now, progress)
        await progress.add(batch, len(rows))


def _person(row: ListRow, now: datetime) -> Person:
    columns = filled(row, without=["institution"])
    return Person(**columns, institution_id=row.refs.get("institution_id"), created_at=now)


async def write_institutions(batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> None:
    async with transaction():
        rows = await free_rows(batch, Institution, "code", progress)
        await Institution.bulk_create([Institution(**filled(row)) for row in rows])
        await write_first_entries("institution", Institution, "code", rows, actor, now, progress)
        await progress.add(batch, len(rows))
