"""The mail server, set from a page as one thing, and a trial letter that tells what it answers."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Invalid, Reason, Refusal
from registry.office.actions import change_settings
from registry.office.rules import MAIL_PASSWORD, MAIL_SERVER
from registry.outbox.rules import is_address
from registry.people.models import Person
from web.auth.access import actor_of
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import pages_of, render
from web.kit.words import N_
from web.outbox.letters import LetterText, draw
from web.outbox.words import LetterNotice
from web.system.desk import SettingLine, desk_of
from web.system.settings_pages import (
    MAIL_PAGE,
    FormChanges,
    Manager,
    fault_words,
    faults_of,
    form_changes,
    former_values,
    marks_in,
    one_line,
    setting_row,
)
from web.system.words import MAIL_FORM, TLS_WORDS

router = pages()
Typed = Annotated[str, Form(max_length=2000)]


class MailForm(BaseModel):
    """The fields as they were typed. An empty password is none that was typed; ``no_password`` takes it away."""

    host: str = ""
    port: str = ""
    tls: str = ""
    user: str = ""
    password: str = ""
    sender: str = ""
    no_password: bool = False

    def changes(self, lines: dict[str, SettingLine], marks: Mapping[str, str]) -> FormChanges:
        """What was typed otherwise than it was shown. A server and its password are changed as they were seen."""
        open_names = [name for name in MAIL_FORM if name in lines and lines[name].is_of_office]
        in_force = {name: one_line(lines[name].value) for name in open_names}
        typed = {name: one_line(str(getattr(self, MAIL_FORM[name]))) for name in open_names if name != MAIL_PASSWORD}
        if MAIL_PASSWORD in open_names and (self.password or self.no_password):
            typed[MAIL_PASSWORD] = "" if self.no_password else self.password
            marks = {**marks, MAIL_PASSWORD: "\0"}  # it is never shown, and so always another
            in_force[MAIL_PASSWORD] = "\0"
        return form_changes(typed, marks, in_force, {*MAIL_SERVER, MAIL_PASSWORD})


def _mail_lines(request: Request) -> dict[str, SettingLine]:
    return {line.name: line for line in desk_of(request).settings() if line.name in MAIL_FORM}


@router.get("/admin/settings/mail")
async def mail(request: Request, person: Manager, now: Now, typed: TypedWords, did: str = "") -> Response:
    """The mail server in force, and what it was."""
    context, lines = page_context(request, person, now), _mail_lines(request)
    rows = [setting_row(line, context) for line in lines.values()]
    words: dict[str, Any] = {"values": {}, "faults": {}, "trial": None, "to": person.mail} | typed.words
    marks = {MAIL_FORM[name]: line.value for name, line in lines.items() if name != MAIL_PASSWORD}
    return render(
        request,
        "system/mail.html",
        status=typed.status,
        context=context,
        rows={MAIL_FORM[row.line.name]: row for row in rows},
        choices=[(word, context.say(TLS_WORDS[word])) for word in TLS_WORDS],
        changes=await former_values(rows, context),
        marks=marks,
        values=FormFields(marks | words.pop("values")),
        did=did,
        **words | {"faults": FormFields(words["faults"])},
    )


@router.post("/admin/settings/mail")
async def change_mail(request: Request, person: Manager, now: Now, form: Annotated[MailForm, Form()]) -> Response:
    """Set the mail server at once: all or nothing, each fault at its field. What was typed stays, the password not."""
    outcome = form.changes(_mail_lines(request), marks_in(await request.form(), MAIL_FORM))
    changes, faults = outcome.texts, await faults_of(request, outcome)
    if not faults:
        try:
            await change_settings(desk_of(request).stored(changes), actor_of(request, person), now)
        except Invalid as refusal:
            faults = {MAIL_PASSWORD: refusal}
    if faults:
        context = page_context(request, person, now)
        return await back_to(
            MAIL_PAGE, request, now, status_of(next(iter(faults.values()))),
            values={MAIL_FORM[name]: text or "" for name, text in changes.items() if name != MAIL_PASSWORD},
            faults={MAIL_FORM[name]: fault_words(fault, context) for name, fault in faults.items()},
        )  # fmt: skip
    return RedirectResponse(f"{MAIL_PAGE}?did=changed#trial", 303)


@router.post("/admin/settings/mail/trial")
async def try_mail(request: Request, person: Manager, now: Now, to: Typed = "") -> Response:
    """Send a trial letter by the server in force, and tell what it answered, within a few seconds."""
    context, address = page_context(request, person, now), to.strip()
    refusal = await trial_refusal(request, person, address, now)
    trial = {"is_good": refusal is None, "text": context.words.refusal(refusal) if refusal else ""}
    is_typed_wrong = isinstance(refusal, Invalid)
    words: dict[str, Any] = {"faults": {"to": trial["text"]}} if is_typed_wrong else {"trial": trial}
    return await back_to(f"{MAIL_PAGE}#trial", request, now, 422 if is_typed_wrong else 200, to=address, **words)


async def trial_refusal(request: Request, person: Person, address: str, now: Now) -> Refusal | None:
    """What the mail server, or the address, has against a letter to it; None where it was taken."""
    if not is_address(address):
        reason = Reason(N_("it is no mail address such as izba@urzad.example"))
        return Invalid("request.bad_field", field="to", reason=reason)
    try:
        await desk_of(request).send_trial(_letter(request, person), address, person.name, now)
    except Refusal as refusal:
        return refusal
    return None


def _letter(request: Request, person: Person) -> LetterText:
    """The same letter as anybody has sent to themselves."""
    return draw(pages_of(request), [LetterNotice("account.trial", "", {})], {}, person.language)
