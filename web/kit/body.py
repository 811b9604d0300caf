"""What comes in: JSON that says every key once, bodies that know all their fields, and the types of those fields.

A value that does not fit is pydantic's error, which ``web/kit/errors.py`` puts into our words. The types of text are
measured as they were sent and then stripped.
"""

import json
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from registry.core.errors import Invalid, Reason
from registry.core.ids import LARGEST_ID
from web.kit.words import N_

_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WITH_OFFSET = len("2026-11-26T13:00+01:00")


class Body(BaseModel):
    """What a request may hold, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _of_bytes(cls, payload: Any) -> Any:
        """FastAPI hands over as bytes what is not called JSON; no body of ours is anything else."""
        return json_of(payload) if isinstance(payload, bytes) else payload


M = TypeVar("M", bound=BaseModel)


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Changes(Body):
    """What is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def changes(self) -> dict[str, Any]:
        """The fields that the request holds, null included."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def left_out() -> Any:
    """The default of a field of ``Changes``: never read, and of no type."""
    return Field(default=None)


def check(kind: type[M], values: Any, where: Literal["body", "header", "query"] = "body") -> M:
    """Values as FastAPI would check them; ``where`` they were sent. Raises RequestValidationError."""
    try:
        return kind.model_validate(values)
    except ValidationError as fault:
        errors = fault.errors()
        raise RequestValidationError([error | {"loc": (where, *error["loc"])} for error in errors]) from fault


def json_of(raw: bytes) -> Any:
    """What a body holds.

    Raises Invalid: request.not_utf8, request.not_json, request.duplicate_key; request.bad_field for a bare null.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as fault:
        raise Invalid("request.not_utf8") from fault
    try:
        payload = _decoder.decode(text)
        if "\\u" in text:
            json.dumps(payload, ensure_ascii=False).encode()  # fails on half a letter, which no database takes
    except (ValueError, RecursionError) as fault:
        raise Invalid("request.not_json", reason=_reason(text, fault)) from fault
    if payload is None:
        raise Invalid("request.bad_field", field="body", reason=Reason(N_("it is not an object")))
    return payload


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Programs read the first of equal keys, the last or both: whoever checked it may have read another than we."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for number, key in enumerate(keys) if key in keys[:number])
        raise Invalid("request.duplicate_key", field=twice[:100].encode("utf-8", "replace").decode())
    return unique


def _no_number(name: str) -> NoReturn:
    raise Invalid("request.not_json", reason=Reason(N_("{given} is no number of JSON"), given=name))


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def _reason(text: str, fault: Exception) -> Reason:
    if isinstance(fault, RecursionError):
        return Reason(N_("it is nested too deeply"))
    if not isinstance(fault, json.JSONDecodeError):
        return Reason(N_("it holds a number or a letter that cannot be read"))
    if fault.pos >= len(text.rstrip()):
        return Reason(N_("it ends too early"))
    return Reason(N_("it cannot be read from byte {byte} on"), byte=len(text[: fault.pos].encode()) + 1)


def _with_plus(text: Any) -> str:
    """A time as it was meant: a client may have left the + of a query string as it was, which is a blank there."""
    if not isinstance(text, str):
        raise PydanticKnownError("string_type")
    if text[4:5] != "-":  # pydantic would read a bare number as seconds since 1970
        raise PydanticCustomError("moment", "not a time")
    return f"{text[:-6]}+{text[-5:]}" if len(text) >= _WITH_OFFSET and text[-6] == " " else text


def _in_our_time(at: datetime) -> datetime:
    try:
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as fault:  # of the year 0, or 10000, in UTC
        raise PydanticCustomError("moment", "not between 1990 and 2199") from fault
    if not _FIRST <= at < _LAST:
        raise PydanticCustomError("moment", "not between 1990 and 2199")
    return at


def _written_out(text: Any) -> Any:
    """pydantic would take a number, and a time at midnight, for a day too."""
    if isinstance(text, str) and not _DAY.fullmatch(text):
        raise PydanticKnownError("date_parsing", {"error": "not a date"})
    if not isinstance(text, str):
        raise PydanticKnownError("date_type")
    return text


def _in_our_days(day: date) -> date:
    if not _FIRST.date() <= day < _LAST.date():
        raise PydanticKnownError("date_parsing", {"error": "not between 1990 and 2199"})
    return day


_YEAR, _MONTH_DAY = "(199[0-9]|2[01][0-9]{2})", "(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_LONG_MONTHS = "(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
DAY_SCHEMA = {
    "type": "string",
    "pattern": f"^{_YEAR}-({_MONTH_DAY}|{_LONG_MONTHS})$",
    "description": "a day from 1990 to 2199",
    "examples": ["2026-11-26"],
}
# an instant in UTC, sent as RFC 3339 with its offset
Moment = Annotated[AwareDatetime, BeforeValidator(_with_plus), AfterValidator(_in_our_time)]
# a day between 1990 and 2199, sent as 2026-11-26
Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_in_our_days), WithJsonSchema(DAY_SCHEMA)]
_moment: TypeAdapter[datetime] = TypeAdapter(Moment)
_day: TypeAdapter[date] = TypeAdapter(Day)


def day_in(text: str) -> date:
    """The day that a text of a form or an address is, by the same bounds. Raises ValueError."""
    return _day.validate_python(text)


def _day_or_moment(text: Any) -> date | datetime:
    is_day = isinstance(text, str) and _DAY.fullmatch(text)
    return _day.validate_python(text) if is_day else _moment.validate_python(text)


MOMENT_SCHEMA = {"type": "string", "format": "date-time", "pattern": f"^{_YEAR}-"}
DayOrMoment = Annotated[
    date | datetime, PlainValidator(_day_or_moment), WithJsonSchema({"anyOf": [DAY_SCHEMA, MOMENT_SCHEMA]})
]


def unfit(text: str, **params: Any) -> PydanticCustomError:
    """What a check of a field raises: why the value does not fit, in words of ours."""
    return PydanticCustomError("unfit", "{reason}", {"reason": Reason(text, **params)})


def _line(text: str) -> str:
    if not (text := text.strip()).isprintable():
        raise unfit(N_("it holds characters that cannot be shown"))
    return text


def lines(text: str) -> str:
    """A text of several lines, stripped; raises where a character of it cannot be shown."""
    _line(" ".join(text.split()))
    return text.strip()


def _not_blank(text: str) -> str:
    if not text:
        raise PydanticCustomError("missing", "blank")
    return text


# what stands behind the length of a text: one line, several, and one line that says something
LINE, LINES = AfterValidator(_line), AfterValidator(lines)
NAME = AfterValidator(lambda text: _not_blank(_line(text)))
# a filter that is left empty, as a form sends it, asks for nothing
MAY_BE_EMPTY = BeforeValidator(lambda text: None if text == "" else text)
# numbers as JSON has them: no text that looks like one, no true
Whole = Annotated[int, Strict()]
RecordId = Annotated[Whole, Field(ge=1, le=LARGEST_ID)]
Number = Annotated[float, Strict()]
YesNo = Annotated[bool, Strict()]
RoomCode = Annotated[str, Field(max_length=40), LINE]
Login = Annotated[str, Field(max_length=64, description="a login"), LINE]


def file_form(**properties: dict[str, Any]) -> dict[str, Any]:
    """How the description of the API tells a form that brings a file: its ``file`` and what stands beside it."""
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
