"""What fills the words of a refusal survives JSON."""

from datetime import date

import orjson
import pytest

from registry.core.errors import Invalid, Reason, Term
from registry.core.refusal_records import plain_params, worded_params


def test_words_and_the_words_in_them_survive() -> None:
    advice = Reason("Set {what}.", what=Term("ok", "working"))
    params = {"setting": "port", "given": 7, "about": None, "since": date(2027, 1, 1),
              "reason": Reason("{advice} It is {count} too long.", advice=advice, count=3)}  # fmt: skip
    plain = orjson.loads(orjson.dumps(plain_params(params)))
    assert plain["reason"]["params"]["advice"] == {
        "reason": "Set {what}.", "params": {"what": {"term": "ok", "text": "working"}},
    }  # fmt: skip
    again = worded_params(plain)
    assert str(Invalid("request.bad_field", **again)) == str(Invalid("request.bad_field", **params))
    assert {name: again[name] for name in ("given", "about", "since")} == {
        "given": 7, "about": None, "since": "2027-01-01",
    }  # fmt: skip
    assert again["reason"].words(str.upper) == params["reason"].words(str.upper)


def test_what_was_written_otherwise_is_refused() -> None:
    with pytest.raises(KeyError):
        worded_params({"reason": {"text": "it took too long", "params": {}}})
