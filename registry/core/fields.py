"""Column types of the register."""

from datetime import UTC, datetime
from typing import Any

from tortoise import fields
from tortoise.models import Model


class UTCDatetimeField(fields.DatetimeField[Any]):
    """An instant, stored as UTC whatever offset it came with.

    The plain field keeps the offset of a value set by attribute, by ``update()`` or in a filter. SQLite then compares
    ``15:00+02:00`` with ``13:00+00:00`` as text, and an overlapping booking passes every check.
    """

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> Any:
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise TypeError(f"{self.model_field_name} takes a datetime, not {type(value).__name__}")
        if value.tzinfo is None:
            raise ValueError(f"{self.model_field_name} takes a time with its zone, not {value!r}")
        return value.astimezone(UTC)

    def to_python_value(self, value: Any) -> datetime | None:
        if value is None or isinstance(value, datetime) and value.tzinfo is UTC:
            return value
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
