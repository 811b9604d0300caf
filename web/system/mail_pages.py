"""The mail server, set from a page as one thing, and a trial letter that tells what it answers."""

from typing import Annotated, Any

from fastapi import Form, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Invalid, Reason, Refusal
from registry.office.actions import change_settings
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
    Manager,
    fault_words,
    former_values,
    not_shown,
    one_line,
    setting_row,
)
from web.system.words import MAIL_FORM, TLS_WORDS

router = pages()
Typed = Annotated[str, Form(max_length=2000)]
PASSWORD = "smtp_password"  # noqa: S105  # the name of a setting, no secret


class MailForm(BaseModel):
    """The fields as they were typed. An empty password is none that was typed; ``no_password`` takes it away."""

    host: str = ""
    port: str = ""
    tls: str = ""
    user: str = ""
    password: str = ""
    sender: str = ""
    no_password: bool = False

    def changes(self, lines: dict[str, SettingLine]) -> dict[str, str | None]:
        """What differs from what is in force, by setting; None for what is left empty."""
        texts = {name: one_line(str(getattr(self, field))) for name, field in MAIL_FORM.items() if name != PASSWORD}
        changes: dict[str, str | None] = {
            name: text or None
            for name, text in texts.items()
            if name in lines and lines[name].is_of_office and text != lines[name].value
        }
        if PASSWORD in lines and lines[PASSWORD].is_of_office and (self.password or self.no_password):
            changes[PASSWORD] = None if self.no_password else self.password
        return changes


def _mail_lines(request: Request) -> dict[str, SettingLine]:
    return {line.name: line for line in desk_of(request).settings() if line.name in MAIL_FORM}


@router.get("/admin/settings/mail")
async def mail(request: Request, person: Manager, now: Now, typed: TypedWords, did: str = "") -> Response:
    """The mail server in force, and what it was."""
    context, lines = page_context(request, person, now), _mail_lines(request)
    rows = [setting_row(line, context) for line in lines.values()]
    words: dict[str, Any] = {"values": {}, "faults": {}, "trial": None, "to": person.mail} | typed.words
    values = {MAIL_FORM[name]: line.value for name, line in lines.items()} | words.pop("values")
    return render(
        request,
        "system/mail.html",
        status=typed.status,
        context=context,
        rows={MAIL_FORM[row.line.name]: row for row in rows},
        choices=[(word, context.say(TLS_WORDS[word])) for word in TLS_WORDS],
        changes=await former_values(rows, context),
        values=FormFields(values),
        did=did,
        **words | {"faults": FormFields(words["faults"])},
    )


@router.post("/admin/settings/mail")
async def change_mail(request: Request, person: Manager, now: Now, form: Annotated[MailForm, Form()]) -> Response:
    """Set the mail server at once: all or nothing, each fault at its field. What was typed stays, the password not."""
    changes = form.changes(_mail_lines(request))
    faults = {name: fault for name, text in changes.items() if text and (fault := not_shown(name, text))}
    faults = faults or dict(await desk_of(request).faults(changes))
    if not faults:
        try:
            await change_settings(desk_of(request).stored(changes), actor_of(request, person), now)
        except Invalid as refusal:
            faults = {PASSWORD: refusal}
    if faults:
        context = page_context(request, person, now)
        return await back_to(
            MAIL_PAGE, request, now, status_of(next(iter(faults.values()))),
            values=form.model_dump(exclude={"password", "no_password"}),
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
