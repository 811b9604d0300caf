"""Imports: a file is sent and checked, looked at, corrected row by row, then written.

Between sending and writing a file waits in the database, for its sender alone: a day, eight files at most.
"""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Request, Response
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, model_validator
from starlette.datastructures import UploadFile

from registry.assets.numbering import UNIT_LENGTH
from registry.core.errors import N_, Invalid
from registry.core.ids import LARGEST_ID
from registry.importing import sessions as pending
from registry.importing import undo, writing
from registry.importing.bounds import LARGEST_FILE
from registry.importing.claims import AT_WORK
from registry.importing.columns import FAMILIES
from registry.importing.models import ImportState, PendingImport
from registry.importing.sessions import LONGEST
from registry.people.models import Person
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import etag
from web.kit.body import LINE, Body, Whole, check, file_form, lines, unfit
from web.kit.clock import Now
from web.kit.i18n import Translate
from web.kit.idempotency import OnceOnly
from web.kit.routing import PREFIX, CallerActor, IfMatch, Say, faults

router = routing.router("imports")
# what takes longer goes on by itself; a list of some hundred rows is written within the call
PATIENCE = 1.5
MayImport = Annotated[Person, Depends(caller_with("imports.run"))]
Number = Annotated[str, Path(max_length=200), LINE]
FORM = file_form(
    file={"type": "string", "format": "binary", "description": "CSV, TXT, XLSX, XLS or ODS"},
    kind={"type": "string", "enum": list(FAMILIES)},
)


class ListForm(Body):
    """What stands beside the file in the form that brings it."""

    file: Annotated[str, Field(max_length=200), LINE]
    kind: Annotated[str, Field(max_length=40), LINE] = ""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list as it was sent; ``kind`` is empty where its columns are to tell."""

    content: bytes
    name: str
    kind: str


async def _list_file(request: Request, person: MayImport) -> ListFile:
    """Read once it is known who sends it: FastAPI's own way would store a stranger's file first."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid("request.missing_field", field="file")
    async with request.form(max_files=1, max_fields=4) as form:
        file, kind = form.get("file"), form.get("kind")
        if not isinstance(file, UploadFile):
            raise Invalid("request.missing_field", field="file")
        if file.size is not None and file.size > LARGEST_FILE:
            raise Invalid("request.too_large", limit=LARGEST_FILE)
        name = (file.filename or "list.csv").replace("\\", "/").rsplit("/", 1)[-1][:200]
        words = check(ListForm, {"file": name, "kind": kind if isinstance(kind, str) else ""})
        return ListFile(await file.read(), words.file, words.kind)


SentList = Annotated[ListFile, Depends(_list_file)]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise unfit(N_("it is longer than {limit} characters"), limit=LONGEST)
        return lines(value)
    if not (value is None or isinstance(value, bool | int | float)):
        raise unfit(N_("it is neither text nor a number"))
    return value


CellValue = Annotated[
    Any,
    AfterValidator(_cell),
    WithJsonSchema({"anyOf": [{"type": name} for name in ("string", "number", "boolean", "null")]}),
]


LineName = Annotated[Whole, Field(ge=1, le=LARGEST_ID)] | Annotated[str, Field(min_length=1, max_length=200), LINE]
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]


class SameWordBody(Body):
    """One answer for all rows whose problem names the same word."""

    column: ColumnName
    given: Annotated[str, Field(max_length=2000, description="as the problem tells it")]
    value: CellValue


class CorrectionBody(Body):
    """One row with what its cells should hold instead, or one answer for many, or what of the file is the list."""

    line: LineName | None = Field(
        default=None, description="of the file, as the report tells it: with its sheet where several are read"
    )
    values: Annotated[dict[ColumnName, CellValue], Field(min_length=1, max_length=60)] | None = Field(
        default=None, description="by column, as it is called in the report or in the file"
    )
    word: SameWordBody | None = None
    sheets: Annotated[list[Annotated[str, Field(max_length=200), LINE]], Field(max_length=100)] | None = Field(
        default=None, description="the names of those that are read"
    )
    header_row: Annotated[Whole, Field(ge=1, le=1000)] | None = Field(default=None, description="null: found by itself")
    encoding: Literal["utf-8", "windows-1250", "iso-8859-2", "cp852"] | None = None
    columns: Annotated[dict[ColumnName, str | None], Field(max_length=702)] | None = Field(
        default=None, description="fields by title, null for a column that is not read"
    )
    leave_out: Annotated[list[LineName], Field(max_length=120_000)] | None = Field(
        default=None, description="lines that stay out, as the report tells them"
    )
    keep: Annotated[list[ColumnName], Field(max_length=200)] | None = Field(
        default=None, description="fields that no row changes of a piece that is there, as `changes` calls them"
    )
    keep_rows: (
        Annotated[dict[str, Annotated[list[ColumnName], Field(max_length=200)]], Field(max_length=120_000)] | None
    ) = Field(default=None, description="by line, fields that this row does not change")
    number_unit: Annotated[str, Field(max_length=UNIT_LENGTH), LINE] | None = Field(
        default=None, description="new pieces without a number get the next one of this unit; null: they stay without"
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> "CorrectionBody":
        names = self.model_fields_set
        if sum([bool(names & {"line", "values"}), "word" in names, bool(names & CHOICES)]) != 1:
            raise unfit(N_("name a row, a word or what of the file is the list, one of the three"))
        return self


CHOICES = frozenset({"sheets", "header_row", "encoding", "columns", "leave_out", "number_unit", "keep", "keep_rows"})


class ImportRowAnswer(BaseModel):
    line: int | str
    status: Literal["ok", "warning", "error"]
    values: dict[str, Any]
    problems: list[dict[str, Any]]
    left_out: bool = False
    fate: Literal["new", "changed", "same"] = "new"
    changes: dict[str, list[str]] = Field(default={}, description="by column, what stands there and what the list says")
    kept: list[str] = Field(default=[], description="of the changes those that are not made")
    number_unit: str = Field(default="", description="its pieces get the next numbers of this unit")
    accepted: int = Field(description="rows of the whole list, after the correction")
    refused: int


class SheetAnswer(BaseModel):
    name: str
    lines: int = Field(description="that hold something")
    hidden: bool
    chosen: bool


class ColumnAnswer(BaseModel):
    title: str = Field(description="its letter in brackets where it has none, its number behind one that comes twice")
    example: str
    field: str | None = Field(description="null: it is not read; detail: it is kept in the notes with its title")
    letter: str
    filled: int = Field(description="cells that hold something")


class SumsAnswer(BaseModel):
    count: int
    pieces: int
    value: str
    control_total: str | None = Field(description="what the list itself says that it comes to")


class UnnumberedAnswer(BaseModel):
    """The new pieces of the list that have no number."""

    count: int
    unit: str | None = Field(description="whose next numbers they get; null: they stay without one")
    numbered: int = Field(description="how many of them get one; a row says why its pieces do not")
    first: str | None = Field(description="the first of these numbers, if nobody is quicker")


class ImportProgress(BaseModel):
    """How far the writing or the undo came."""

    finished: int = Field(description="rows that are written, or records that are undone")
    of: int


class UndoBody(Body):
    """How to undo a list."""

    rest: bool = Field(default=False, description="leave out what was changed or used since, instead of refusing")
    reason: Annotated[str, Field(max_length=300)] = Field(default="", description="for the history")


WHOLE = UndoBody()


class ImportAnswer(BaseModel):
    id: str
    status: Literal["checked", "writing", "written", "undoing", "undone"]
    file: str
    accepted: int
    refused: int
    written: int | None = Field(
        description="records, once written: a row of a purchase list is one for each piece; once undone what stayed"
    )
    progress: ImportProgress | None = Field(default=None, description="while it is written or undone")
    kind: str
    format: str
    encoding: str | None
    delimiter: str | None
    header_row: int
    sheets: list[SheetAnswer]
    columns: list[ColumnAnswer]
    first_rows: list[dict[str, Any]] = Field(description="how the first sheet begins: each line with its cells")
    sums: SumsAnswer
    rows: list[dict[str, Any]]
    skipped: list[str]
    problems: list[dict[str, Any]] = Field(description="of the list as a whole; those of a row stand with it")
    unnumbered: UnnumberedAnswer | None = Field(default=None, description="absent where no row stands for a piece")
    control_total: dict[str, str] = Field(default={}, description="absent where the list tells no sum")


@router.post(
    "/imports",
    status_code=201,
    response_model_exclude_unset=True,
    responses=faults(404, 413),
    openapi_extra=FORM,
    summary="Send a list and have it checked",
)
async def send(
    file: SentList, person: MayImport, now: Now, say: Say, once: OnceOnly, response: Response
) -> ImportAnswer:
    """Changes nothing. Each row says what is read and what is wrong with it. It waits a day to be written."""

    async def answering(session: PendingImport) -> ImportAnswer:
        response.headers["location"] = f"{PREFIX}/imports/{session.id}"
        return await _answer(session, say, response)

    return await once(
        lambda key: pending.send(file.content, file.name, file.kind or None, person.id, now, key),
        answering,
        about=(file.name, file.kind, sha256(file.content).hexdigest()),
    )


@router.get(
    "/imports/{number}",
    response_model_exclude_unset=True,
    responses=faults(404),
    summary="What a sent list holds",
)
async def one(number: Number, person: MayImport, now: Now, say: Say, response: Response) -> ImportAnswer:
    return await _answer(await pending.find(number, person.id, now), say, response)


@router.patch(
    "/imports/{number}",
    response_model_exclude_unset=True,
    responses=faults(404, 409, 412),
    summary="Correct a list before it is written",
)
async def correct(
    number: Number,
    body: CorrectionBody,
    person: MayImport,
    now: Now,
    say: Say,
    revision: IfMatch,
    response: Response,
) -> ImportRowAnswer | ImportAnswer:
    """``line`` and ``values`` correct a row, which is answered: it is checked again, and with it the rows that it
    touches. ``word`` is one answer for every row with the same problem. The others say what of the file is the list:
    what its columns hold is remembered for the next list with these titles.
    """
    if body.line is not None or body.values is not None:
        if body.line is None or body.values is None:
            raise Invalid("request.missing_field", field="line" if body.line is None else "values")
        session = await pending.correct(number, person.id, body.line, body.values, now, revision)
        answer = await _answer(session, say, response)
        row = next(row for row in answer.rows if row["line"] == body.line)
        return ImportRowAnswer(**row, accepted=answer.accepted, refused=answer.refused)
    if body.word:
        word = body.word
        session = await pending.correct_word(number, person.id, word.column, word.given, word.value, now, revision)
        return await _answer(session, say, response)
    wishes = body.model_dump(include=set(CHOICES & body.model_fields_set))
    return await _answer(await pending.choose(number, person.id, wishes, now, revision), say, response)


@router.post(
    "/imports/{number}/commit",
    response_model_exclude_unset=True,
    responses=faults(404, 409, 412),
    summary="Write the rows that were accepted",
)
async def commit(
    number: Number,
    person: MayImport,
    actor: CallerActor,
    now: Now,
    say: Say,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
) -> ImportAnswer:
    """The list is checked anew against the register as it is now. Refused rows stay out. A repeat writes nothing.

    A long list goes on by itself: its ``status`` is ``writing`` then, and `GET /imports/{number}` tells the progress.
    """
    return await once(
        lambda _: writing.commit(number, person.id, actor, now, revision, PATIENCE),
        lambda session: _answer(session, say, response),
    )


@router.post(
    "/imports/{number}/undo",
    response_model_exclude_unset=True,
    responses=faults(404, 409, 412),
    summary="Take back what a list wrote",
)
async def undo_list(
    number: Number,
    person: MayImport,
    actor: CallerActor,
    now: Now,
    say: Say,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
    body: UndoBody = WHOLE,
) -> ImportAnswer:
    """What it made goes, what it changed is as before. Refused while something of it was changed or used since; then
    ``rest`` takes back the others. A repeat does nothing.
    """
    return await once(
        lambda _: undo.undo(number, person.id, actor, now, body.reason, body.rest, revision, PATIENCE),
        lambda session: _answer(session, say, response),
        about=body.model_dump(),
    )


async def _answer(session: PendingImport, say: Translate, response: Response) -> ImportAnswer:
    report = await asyncio.to_thread(pending.in_words, session, say)
    rows = [row for row in report["rows"] if not row.get("left_out")]
    refused = sum(row["status"] == "error" for row in rows)
    response.headers["etag"] = etag(session.revision)
    return ImportAnswer(
        id=session.id,
        status=session.state.value,
        file=session.file,
        accepted=len(rows) - refused,
        refused=refused,
        written=session.records if session.state in (ImportState.WRITTEN, ImportState.UNDONE) else None,
        progress=ImportProgress(finished=session.finished, of=session.accepted) if session.state in AT_WORK else None,
        **report,
    )
