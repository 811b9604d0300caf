"""Times of day as people type them."""

import pytest

from web.kit.time_of_day import clock, minute_of_day

READ = {
    "13:30": "13:30", "13.30": "13:30", "9,30": "09:30", "930": "09:30", "0930": "09:30", "1330": "13:30", "9": "09:00",
    "09": "09:00", "13": "13:00", "9:30": "09:30", " 9:30 ": "09:30", "9;30": "09:30", "9-30": "09:30", "9–30": "09:30",
    "9 30": "09:30", "9h30": "09:30", "9 h": "09:00", "9h": "09:00", "13:30:00": "13:30", "9 : 30": "09:30",
    "1:30 PM": "13:30", "1:30pm": "13:30", "1:30\u202fPM": "13:30", "1:30 p.m.": "13:30", "1.30 pm": "13:30",
    "1 pm": "13:00", "1pm": "13:00", "1p": "13:00", "130 pm": "13:30", "9:30 PM": "21:30", "9:30 AM": "09:30",
    "9 a.m.": "09:00", "9am": "09:00", "12 PM": "12:00", "12:30 pm": "12:30", "12 AM": "00:00", "12:30 am": "00:30",
    "13:30 PM": "13:30", "0:15 am": "00:15", "12:00": "12:00", "0:00": "00:00", "24:00": "24:00", "2400": "24:00",
    "o 9": "09:00", "o 9.30": "09:30", "od 13": "13:00", "do 14:15": "14:15", "godz. 9": "09:00", "g. 9": "09:00",
    "o godz. 9,30": "09:30", "o godzinie 13": "13:00", "9 rano": "09:00", "8 wieczorem": "20:00", "godz 9": "09:00",
    "1 po południu": "13:00", "1 popołudniu": "13:00", "10 przed południem": "10:00", "13 godz.": "13:00",
    "at 9": "09:00", "from 9.15": "09:15", "until 5 pm": "17:00", "9 o'clock": "09:00", "9 o’clock": "09:00",
    "8 in the morning": "08:00", "3 in the afternoon": "15:00", "noon": "12:00", "12 noon": "12:00",
    "midnight": "00:00",
    "w południe": "12:00", "południe": "12:00", "północ": "00:00", "o północy": "00:00",
    "1３:３0": "13:30", "9.": "09:00",
}  # fmt: skip
UNREAD = [
    "", "x", "25", "24:01", "9:60", "960", "9:3", "9,5", "9.5", "1:2:3", "13:30:20", "13:30 AM", "0:30 PM", "24 PM",
    "2500", "99999", "9 9 9", "-9", "+9", "9:30 am pm", "half past nine", "9 1/2", "12.5.2026", "9:30-10:30", "9–11:00",
    "pm", ":30", "9::30", "1e1", "dziewiąta",
]  # fmt: skip


@pytest.mark.parametrize(("text", "reading"), READ.items())
def test_a_time_is_read_as_people_type_it(text: str, reading: str) -> None:
    minute = minute_of_day(text)
    assert minute is not None
    assert clock(minute) == reading


@pytest.mark.parametrize("text", UNREAD)
def test_a_time_that_says_two_things_or_none_is_not_guessed(text: str) -> None:
    assert minute_of_day(text) is None
