"""Ids of records."""

LARGEST_ID = 2**31 - 1  # PostgreSQL refuses to look for a larger one


def may_be_id(number: int) -> bool:
    """Whether a record can have this id."""
    return 0 < number <= LARGEST_ID


def may_be_name(text: str, longest: int) -> bool:
    """Whether a column of so many characters could hold this name: the database refuses to look for what could not."""
    return 0 < len(text) <= longest and text.isprintable()
