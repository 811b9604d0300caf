"""Words, dates and amounts; and that no text lacks its translation."""

from datetime import UTC, date, datetime
from decimal import Decimal
from string import Formatter

import pytest

from registry.core.errors import WORDS, Conflict
from web.kit import catalogues
from web.kit.i18n import Formats, catalogue, preferred, refusal_words, translate
from web.kit.words import Words

PL, EN = Formats("pl", "Europe/Warsaw"), Formats("en", "Europe/Warsaw")
MOMENT = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_nothing_is_missing_and_what_is_compiled_is_fresh(language: str) -> None:
    texts = catalogues.update(language)
    assert catalogues.missing(texts) == []
    assert catalogues.is_compiled(language, texts), "run make messages"


def test_translations_keep_the_params() -> None:
    say = translate("pl")
    for code, sentence in WORDS.items():
        names = {name for _, name, _, _ in Formatter().parse(sentence) if name}
        translated = {name for _, name, _, _ in Formatter().parse(say(sentence)) if name}
        assert names == translated, code


def test_refusals_speak_polish() -> None:
    refusal = Conflict("booking.overlap", room="ZW-01")
    assert refusal_words(refusal, "pl") == "ZW-01 jest wtedy zajęte. Wybierz inny termin albo inne pomieszczenie."
    assert refusal_words(refusal, "en") == str(refusal)


def test_words_of_the_register() -> None:
    assert Words("pl", PL).state("in_use") == "Zajęte"
    assert Words("pl", PL).role("duty") == "dyżurny"
    assert translate("xx")("Free") == "Free"


@pytest.mark.parametrize(
    ("method", "value", "polish", "english"),
    [
        ("time", MOMENT, "13:05", "13:05"),
        ("date", MOMENT, "26.11.2026", "26/11/2026"),
        ("date", date(2026, 1, 5), "5.01.2026", "05/01/2026"),
        ("day", MOMENT, "czwartek, 26 listopada", "Thursday, 26 November"),
        ("long", date(2026, 11, 26), "czwartek, 26 listopada 2026", "Thursday, 26 November 2026"),
        ("short", MOMENT, "26.11", "26/11"),
        ("weekday", date(2026, 11, 26), "czw.", "Thu"),
        ("month", MOMENT, "listopad 2026", "November 2026"),
        ("datetime", MOMENT, "26.11.2026, 13:05", "26/11/2026, 13:05"),
        ("duration", 90, "1 h 30 min", "1 h 30 min"),
        ("duration", 0, "0 min", "0 min"),
        ("duration", 120, "2 h", "2 h"),
        ("money", Decimal("1.01"), "1,01\N{NO-BREAK SPACE}zł", "1.01\N{NO-BREAK SPACE}PLN"),
        ("amount", Decimal("708780"), "708\N{NO-BREAK SPACE}780,00", "708,780.00"),
        ("number", 12345.5, "12\N{NO-BREAK SPACE}345,5", "12,345.5"),
        ("percent", 0.75, "75\N{NO-BREAK SPACE}%", "75\N{NO-BREAK SPACE}%"),
        ("iso", MOMENT, "2026-11-26T13:05+01:00", "2026-11-26T13:05+01:00"),
        ("iso", date(2026, 11, 26), "2026-11-26", "2026-11-26"),
        ("hm", 545, "09:05", "09:05"),
    ],
)  # fmt: skip
def test_formats(method: str, value: object, polish: str, english: str) -> None:
    assert getattr(PL, method)(value) == polish
    assert getattr(EN, method)(value) == english


def test_spans_and_minutes() -> None:
    later, midnight = MOMENT.replace(hour=13), datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert PL.span(MOMENT, later) == "13:05–14:05"
    assert PL.span(MOMENT, midnight) == "13:05–00:00"
    assert PL.span(MOMENT, later.replace(day=27)) == "26.11 13:05 – 27.11 14:05"
    assert PL.minute(MOMENT) == 785
    assert PL.minute(MOMENT, date(2026, 11, 27)) == 0
    assert PL.minute(midnight, date(2026, 11, 26)) == 1440
    assert PL.when(MOMENT, MOMENT) == "dziś 13:05"
    assert PL.when(MOMENT, MOMENT.replace(day=25)) == "jutro 13:05"
    assert EN.when(MOMENT, MOMENT.replace(day=27)) == "yesterday 13:05"
    assert PL.when(MOMENT, MOMENT.replace(day=1)) == "26.11.2026 13:05"


def test_plural_forms() -> None:
    seats = [catalogue("pl").ngettext("%(n)s seat", "%(n)s seats", n) % {"n": n} for n in (1, 3, 5, 22)]
    assert seats == ["1 miejsce", "3 miejsca", "5 miejsc", "22 miejsca"]


@pytest.mark.parametrize(
    ("accept", "language"),
    [("uk, en;q=0.5", "uk"), ("*", "pl"), ("", "pl"), ("EN-gb", "en"), ("de;q=0.9, en;q=0.2, uk-UA;q=0.3", "uk"),
     ("en;q=0, uk;q=x", "pl"), ("en;q=", "en"), ("en;q=nan", "pl")],
)  # fmt: skip
def test_the_preferred_language(accept: str, language: str) -> None:
    assert preferred(accept, ("pl", "en", "uk"), "pl") == language


def test_merging_a_list_of_translations() -> None:
    texts = catalogues.update("pl")
    lines = ["# a remark\n", "Free\tFrei\n", "%(n)s seat\t%(n)s seats\ta|b|c\n", "No such text\tx\n", "\n"]
    assert catalogues.merge(texts, lines) == ["No such text"]
    assert texts["Free"].string == "Frei"
    seat = texts.get("%(n)s seat")
    assert seat is not None
    assert seat.string == ("a", "b", "c")


def test_a_missing_translation_is_found() -> None:
    texts = catalogues.update("pl")
    texts["Free"].string = ""
    texts["Closed"].flags.add("fuzzy")
    assert set(catalogues.missing(texts)) == {"Closed", "Free"}
    assert not catalogues.is_compiled("pl", texts)
