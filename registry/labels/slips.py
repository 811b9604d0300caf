"""Slips of paper that let people in for the first time, as a PDF that a screen reader can read, to be cut apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.labels.faces import code_svg
from registry.labels.pdf import HERE, accessible_pdf

# what stands on a slip, by the language of who prints it: Polish first, everything else in English
TEXTS = {
    "pl": {
        "title": "Wejście do Izby", "for": "Dla", "login": "Login", "how": "Zeskanuj kod telefonem albo otwórz",
        "and_type": "i wpisz", "then": "Wybierzesz własne hasło. Kod działa raz, do", "cut": "Kartki do rozcięcia",
        "alt": "Kod QR otwiera stronę, na której wybiera się hasło",
    },
    "en": {
        "title": "Getting into Izba", "for": "For", "login": "Login", "how": "Scan the code with a phone, or open",
        "and_type": "and type", "then": "You choose your own password. The code works once, until",
        "cut": "Slips to be cut apart", "alt": "The QR code opens the page where a password is chosen",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slip:
    """What one slip says: whose it is, the code to be typed, the address that the QR code opens, and until when."""

    name: str
    login: str
    code: str
    address: str
    until: str


def slips_pdf(slips: Sequence[Slip], office: str, site: str, language: str, now: datetime) -> bytes:
    """These slips, five on a sheet. It takes a while for many: not in the loop."""
    texts = TEXTS.get(language, TEXTS["en"])
    rows = [
        {
            "name": slip.name,
            "login": slip.login,
            "code": slip.code,
            "until": slip.until,
            "svg": code_svg(slip.address)[0],
        }
        for slip in slips
    ]
    page = f"{site.rstrip('/')}/password"
    data = {"texts": texts, "slips": rows, "office": office, "page": page, "language": language}
    return accessible_pdf(HERE / "slip.typ", data, now)
