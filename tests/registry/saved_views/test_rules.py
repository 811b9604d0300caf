"""What a saved view may be called, without a database."""

import pytest

from registry.saved_views.rules import MOST, NAME_LENGTH, QUERY_LENGTH, faults


@pytest.mark.parametrize(
    ("name", "query", "others", "rivals", "codes"),
    [
        ("Sala", "room=ZW-01", 0, 0, []),
        ("", "", 0, 0, ["request.missing_field"]),
        ("a\x00", "", 0, 0, ["request.bad_field"]),
        ("x" * (NAME_LENGTH + 1), "", 0, 0, ["view.long_name"]),
        ("Sala", "x" * (QUERY_LENGTH + 1), 0, 0, ["view.too_long"]),
        ("Sala", "", 1, 1, ["view.name_taken"]),
        ("Sala", "", MOST, 0, ["view.too_many"]),
    ],
)
def test_a_view_is_refused_with_all_reasons(name: str, query: str, others: int, rivals: int, codes: list[str]) -> None:
    assert [reason.code for reason in faults(name, query, others, rivals)] == codes
