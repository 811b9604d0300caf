"""Payload hygiene: nothing that a broker can hand over gets further than it should, or raises anything unexpected."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.payload import LIMIT, PlainText, Refused, read


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x" * (LIMIT + 1), "over the size limit"),
        (b"[" * 10_000, "too deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too deep"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b"NaN", "NaN is not JSON"),
        (b'{"a":-Infinity}', "Infinity is not JSON"),
        (b'{"a":1e999}', "a number out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "a number out of range"),
        (b'{"a":99999999999999999999}', "a number out of range"),
        (b'{"a":1,"a":2}', "duplicate key a"),
        (b'{"a" :1,"a":2}', "duplicate key a"),
        (b'{"x":{"a":1,"a":2}}', "duplicate key a"),
        (b'{"a\\u0062":1,"ab":2}', "duplicate key ab"),
        (b"{'occupancy': True}", "python repr"),
        (b'{"occupancy": True}', "python repr"),
        ('{"a":1}'.encode("utf-16"), "utf-16"),
        ('{"a":1}'.encode("utf-16-le"), "utf-16"),
        ('{"a":1}'.encode("utf-16-be"), "utf-16"),
        ('{"a":1}'.encode("utf-32"), "utf-32"),
        (b"\xc3\x28", "not utf-8"),
        (b"\x00", "NUL in the payload"),
        (b"   ", "only white space"),
        (b'{"a":1', "not JSON: Expecting"),
        (b"{}x", "not JSON: Extra data"),
        (b"a\x1b[0m", "control characters"),
        (b"w" * 400, "not JSON"),
    ],
)
def test_refused_with_a_short_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read(payload)
    assert str(refused.value).startswith(reason)
    assert len(str(refused.value)) <= 120


@pytest.mark.parametrize(
    "value", [{"occupied": True}, {"a": {"b": [1, 2.5, None]}}, [], "", 3, True, None, {"a:": '":'}]
)
def test_json_is_read_as_it_is(value: object) -> None:
    assert read(json.dumps(value).encode()) == value
    assert read(json.dumps(value, indent=2).encode()) == value


def test_a_byte_order_mark_is_left_out() -> None:
    assert read(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_plain_words_are_told_from_json_strings() -> None:
    assert isinstance(read(b"online"), PlainText)
    assert not isinstance(read(b'"online"'), PlainText)
    assert read(" Wolne ęą ".encode()) == "Wolne ęą"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    with suppress(Refused):
        read(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=6), json_values, max_size=5))
def test_both_readers_agree(value: dict[str, object]) -> None:
    assert read(json.dumps(value).encode()) == value
    assert read(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")) == value
