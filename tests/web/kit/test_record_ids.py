"""Numbers in addresses."""

from web.kit.record_ids import offset_in


def test_a_list_begins_at_its_first_row_where_its_address_says_nothing_of_use() -> None:
    assert [offset_in(text) for text in ("50", "999999")] == [50, 999_999]
    assert {offset_in(text) for text in ("", "x", "-1", "1.5", "1000000")} == {0}
