"""The form of an account: what was typed, what is wrong with it, and the columns that it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request

from registry.core.errors import Invalid, Refusal
from registry.people.models import Person, Role
from registry.people.queries import institution_choices
from registry.people.rules import end_of, last_day
from web.kit.body import day_in
from web.kit.drafts import FormFields
from web.kit.page_context import PageContext
from web.people import words

SPOKEN = ("pl", "en", "uk", "ru")
TEXTS = ("login", "name", "role", "institution", "mail", "until", "more_languages", "revision", "key")
# where a refusal is shown that names no field
FIELDS = {
    "person.bad_login": "login", "person.login_taken": "login", "person.bad_role": "role", "person.bad_mail": "mail",
    "person.no_mail": "mail", "person.bad_languages": "more_languages", "institution.unknown": "institution",
    "person.last_administrator": "role", "booking.bad_date": "until",
}  # fmt: skip
_OF_BODY = {"active_until": "until", "languages": "more_languages"}


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What a form of an account holds, as it was typed."""

    texts: Mapping[str, str]
    languages: tuple[str, ...]

    def columns(self, context: PageContext) -> dict[str, Any]:
        """The columns of the account. Raises Invalid("booking.bad_date")."""
        more = [code for code in self.texts["more_languages"].replace(",", " ").split() if code]
        return {
            "name": self.texts["name"],
            "role": self.texts["role"],
            "institution": self.texts["institution"] or None,
            "languages": [*self.languages, *more],
            "mail": self.texts["mail"],
            "active_until": end_of(_day(self.texts["until"]), context.zone),
        }

    def words(self) -> dict[str, Any]:
        """What is typed once more."""
        return {**self.texts, "languages": list(self.languages)}


async def form_in(request: Request) -> AccountForm:
    """The form that was sent."""
    fields = await request.form()
    texts = {name: str(fields.get(name) or "")[:2000] for name in TEXTS}
    languages = tuple(code for code in SPOKEN if code in {str(value) for value in fields.getlist("languages")})
    return AccountForm(texts, languages)


def form_of(person: Person, context: PageContext) -> AccountForm:
    """The form of an account as it is."""
    day, codes = last_day(person.active_until, context.zone), person.languages.split(",")
    texts = {
        "login": person.login,
        "name": person.name,
        "role": str(person.role),
        "institution": person.institution.code if person.institution else "",
        "mail": person.mail,
        "until": day.isoformat() if day else "",
        "more_languages": ", ".join(code for code in codes if code and code not in SPOKEN),
        "revision": str(person.revision),
        "key": "",
    }
    return AccountForm(texts, tuple(code for code in SPOKEN if code in codes))


def empty_form(key: str) -> AccountForm:
    return AccountForm(dict.fromkeys(TEXTS, "") | {"role": str(Role.MEMBER), "key": key}, ("pl",))


def field_of(refusal: Refusal) -> str:
    """The field of the form that a refusal is about, empty for the form as a whole."""
    name = str(refusal.params.get("field", ""))
    return FIELDS.get(refusal.code) or _OF_BODY.get(name, name)


async def form_context(form: Mapping[str, Any], faults: Mapping[str, str], context: PageContext) -> dict[str, Any]:
    """What the template of the form needs beside the page."""
    roles = [
        (str(role), *(context.say(text) for text in words.ROLE_ABOUT[role]), words.rights_of(role, context))
        for role in Role
    ]
    return {
        "form": FormFields(form),
        "faults": FormFields(faults),
        "roles": roles,
        "spoken": [(code, words.LANGUAGES[code]) for code in SPOKEN],
        "institutions": [("", context.say(words.NO_INSTITUTION)), *await institution_choices()],
    }


def _day(text: str) -> date | None:
    try:
        return day_in(text.strip()) if text.strip() else None
    except ValueError as fault:
        raise Invalid("booking.bad_date", given=text.strip()[:40]) from fault
