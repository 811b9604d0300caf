"""Ids of records."""

LARGEST_ID = 2**31 - 1  # PostgreSQL refuses to look for a larger one


def may_be_id(number: int) -> bool:
    """Whether a record can have this id."""
    return 0 < number <= LARGEST_ID
