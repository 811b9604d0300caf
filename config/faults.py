"""What is wrong with the settings and with what they name, in words that are translated. No library speaks here."""

import re
import sqlite3
import tomllib
from typing import Any

import asyncpg
from pydantic.fields import FieldInfo

from registry.core import outages
from registry.core.errors import N_, Invalid, Reason, Refusal
from registry.core.system_reasons import system_reason

_PLACE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_BOUNDS = ("ge", "gt", "le", "lt")


def setting_fault(name: str, field: FieldInfo, error: Any, is_secret: bool) -> Refusal:
    """What pydantic says of a value, as a refusal that ends with what to set."""
    value = Reason(N_("what it holds")) if is_secret else repr(error["input"])
    about = Reason(field.description or "")
    return Invalid("settings.bad", setting=name, given=value, about=about, advice=_advice(field, error))


def _advice(field: FieldInfo, error: Any) -> Reason:
    own = error.get("ctx", {}).get("error")
    if isinstance(own, ValueError) and own.args and isinstance(own.args[0], Reason):
        return own.args[0]
    kind = error["type"]
    if kind == "literal_error":
        return Reason(N_("Set one of: {known}."), known=_literals(error["ctx"]["expected"]))
    if kind.startswith("bool"):
        return Reason(N_("Set true or false."))
    if field.annotation in (int, float):
        return _number(field)
    return Reason(N_("Set words, separated by commas.") if kind.startswith("tuple") else N_("Set text."))


def _literals(text: str) -> str:
    return ", ".join(re.findall(r"'([^']*)'", text))


def _number(field: FieldInfo) -> Reason:
    bounds = {name: getattr(one, name) for one in field.metadata for name in _BOUNDS if hasattr(one, name)}
    whole = field.annotation is int
    if {"ge", "le"} <= bounds.keys():
        return Reason(N_("Set a whole number from {least} to {most}."), least=bounds["ge"], most=bounds["le"])
    if "ge" in bounds and whole:
        return Reason(N_("Set a whole number of at least {least}."), least=bounds["ge"])
    if {"gt", "le"} <= bounds.keys():
        return Reason(N_("Set a number above {least}, at most {most}."), least=bounds["gt"], most=bounds["le"])
    return Reason(N_("Set a whole number.") if whole else N_("Set a number."))


def file_fault(name: str, wrong: Exception) -> Refusal:
    """Why the settings file was not read."""
    if isinstance(wrong, OSError):
        return Invalid("settings.bad_file", file=name, reason=system_reason(wrong))
    if isinstance(wrong, UnicodeDecodeError):
        return Invalid("settings.bad_file", file=name, reason=Reason(N_("it is not UTF-8 text")))
    place = _PLACE.search(str(wrong)) if isinstance(wrong, tomllib.TOMLDecodeError) else None
    if place is None:
        return Invalid("settings.bad_file", file=name, reason=Reason(N_("it is not TOML")))
    if place[1] is None:
        return Invalid("settings.bad_file", file=name, reason=Reason(N_("its end is missing")))
    where = Reason(N_("line {line}, column {column} is not TOML"), line=int(place[1]), column=int(place[2]))
    return Invalid("settings.bad_file", file=name, reason=where)


def database_reason(fault: BaseException) -> Reason:
    """Why the database did not answer. What only the database can say is quoted."""
    if reason := outages.reason_of(fault):
        return reason
    # the ORM wraps what its driver raised
    cause = fault.__cause__ if isinstance(fault.__cause__, OSError | sqlite3.Error | asyncpg.PostgresError) else fault
    if isinstance(cause, TimeoutError):
        return Reason(N_("it took too long"))
    if isinstance(cause, OSError):
        return system_reason(cause)
    if isinstance(cause, asyncpg.InsufficientPrivilegeError):
        return Reason(N_("the user has too few rights in it"))
    if "locked" in str(cause):
        return Reason(N_("another program holds its file"))
    return Reason(N_("it says “{told}”"), told=str(cause) or type(cause).__name__)
