"""A new record at a third of the library's cost. ``Model(…)`` asks of every field what kind it is, and sets each by a
``__setattr__`` that looks for relations; a booking and its entry of the history are fifty fields. Here the columns are
known once, and the record holds at once what the library would have given it.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeVar

from tortoise.fields import Field
from tortoise.models import Model

M = TypeVar("M", bound=Model)
_PLAIN = (int, float, str, bool, bytes, type(None))


class ModelColumns(NamedTuple):
    """What is known of a model: its fields, their plain defaults, and what makes a new default each time."""

    fields: dict[str, Field[Any]]
    plain: dict[str, Any]
    factories: tuple[tuple[str, Callable[[], Any]], ...]


def new_record(model: type[M], **values: Any) -> M:
    """The record that ``model(**values)`` makes, of columns alone: ``room_id``, not ``room``. Raises ValueError for a
    column that may not be empty, KeyError for one that there is not.
    """
    columns = columns_of(model, len(model._meta.fields_map))
    record = model.__new__(model)
    attributes = record.__dict__
    attributes |= {"_partial": False, "_saved_in_db": False, "_await_when_save": {}, **columns.plain}
    for name, value in values.items():
        field = columns.fields[name]
        if value is None and not field.null:
            raise ValueError(f"{name} is non nullable field, but null was passed")
        attributes[name] = field.to_python_value(value)
    for name, make in columns.factories:
        if name not in values:
            attributes[name] = make()
    attributes["_custom_generated_pk"] = columns.fields[model._meta.pk_attr].generated and model._meta.pk_attr in values
    return record


@cache
def columns_of(model: type[Model], fields_known: int) -> ModelColumns:
    """The library knows the columns of relations once an office is open, and not before."""
    fields = {name: model._meta.fields_map[name] for name in model._meta.fields_db_projection}
    plain: dict[str, Any] = {}
    factories: list[tuple[str, Callable[[], Any]]] = []
    for name, field in fields.items():
        default = field.default
        is_of_database = default is None and field.has_db_default()
        if callable(default) and not inspect.iscoroutinefunction(default):
            factories.append((name, default))
        elif isinstance(default, _PLAIN) and not is_of_database:
            plain[name] = default
        else:
            raise TypeError(f"{model.__name__}.{name}: such a default is the library's to make")
    return ModelColumns(fields, plain, tuple(factories))
