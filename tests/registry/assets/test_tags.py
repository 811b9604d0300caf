"""Tag codes: what they catch and what they forgive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.assets import tags

codes = st.binary(min_size=8, max_size=8).map(tags.new_code)


@given(codes)
def test_a_new_code_is_short_upper_case_and_holds(code: str) -> None:
    assert len(code) == tags.LENGTH
    assert code.isascii()
    assert code.isalnum()
    assert code == code.upper()
    assert tags.check(code)


@given(codes, st.integers(0, tags.LENGTH - 1), st.sampled_from(tags.ALPHABET))
def test_any_one_mistyped_character_is_caught(code: str, at: int, other: str) -> None:
    typed = code[:at] + other + code[at + 1 :]
    assert tags.check(typed) == (typed == code)


@given(codes, st.integers(0, tags.LENGTH - 2))
def test_two_swapped_neighbours_are_caught(code: str, at: int) -> None:
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert tags.check(swapped) == (swapped == code)


@given(codes)
def test_what_a_person_types_or_a_scanner_reads_is_understood(code: str) -> None:
    for typed in (
        code.lower(),
        f" {code[:3]} {code[3:]} ",
        f"{code[:3]}-{code[3:]}",
        f"https://izba.test/t/{code}?a=1",
    ):
        assert tags.normalised(typed) == code
    assert tags.normalised(code.replace("0", "O").replace("1", "l").replace("5", "S")) == code


@pytest.mark.parametrize("code", ["", "ABC", "ABCDEFGH", "ABCDEI1", "abcdefg", "ąąąąąąą"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert not tags.check(code)


def test_too_little_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="random bytes"):
        tags.new_code(b"1234567")
