"""Days and amounts as a printed paper writes them, which is Polish whoever prints it. Pure."""

from datetime import date
from decimal import Decimal


def day_of(day: date) -> str:
    """31.12.2026"""
    return f"{day:%d.%m.%Y}"


def iso_day(text: str) -> str:
    """The same of a day that was stored; nothing of none."""
    return day_of(date.fromisoformat(text)) if text else ""


def amount(text: str) -> str:
    """12 345,60"""
    return f"{Decimal(text):,.2f}".replace(",", "\u00a0").replace(".", ",")


def percent(part: Decimal, whole: Decimal) -> str:
    """75 % and 33,33 %: what a part is of the whole; nothing of nothing."""
    if not whole:
        return ""
    text = f"{part * 100 / whole:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    return f"{text}\u00a0%"
