"""Ids of records in addresses: one that no record can have is unknown, as one that none has."""

from typing import Any

from pydantic import AfterValidator

from registry.core.errors import NotFound
from registry.core.ids import may_be_id


def possible_id(number: int, code: str, **params: Any) -> int:
    """Raises NotFound(code) for a number that no record can have."""
    if not may_be_id(number):
        raise NotFound(code, **params)
    return number


def unless_unknown(code: str) -> AfterValidator:
    """For the type of a path's id: as :func:`possible_id`."""
    return AfterValidator(lambda number: possible_id(number, code))
