"""What changes of an account: its name, role, institution, languages, mail address, its end, whether it is open."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.history import SYSTEM, Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_name
from registry.core.transaction import transaction
from registry.people import rules
from registry.people.administrators import keep_one_manager, lock_managers
from registry.people.link_ends import end_links
from registry.people.models import Institution, Person, Role, Session
from registry.people.queries import LOGIN_LENGTH, forget_person, institution_by_code


async def change_person(
    login: str,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Person:
    """Put right what stands in an account: ``name``, ``role``, ``institution`` (a code, None for none), ``languages``,
    ``mail``, ``active_until`` (an instant, None for no end) and ``is_active``. What is not among the changes stays.

    Raises NotFound: person.unknown, institution.unknown; Forbidden("auth.role"); Conflict: request.stale,
    person.last_administrator; Invalid: person.bad_role, person.bad_mail, person.bad_languages, request.missing_field,
    request.bad_field.
    """
    columns = rules.plain_account(changes)
    for fault in rules.change_faults(columns):
        raise fault
    async with transaction() as change:
        managers = await lock_managers(actor)
        person = await locked_account(login, if_revision)
        if "institution" in columns:
            institution = await institution_or_none(columns.pop("institution"))
            columns["institution_id"] = institution.id if institution else None
        await store(person, columns, actor, now)
        await keep_one_manager(managers, person.name)
        change.afterwards(lambda: forget_person(person.id))
        await record(request_key, person)
    return await Person.get(id=person.id).select_related("institution")


async def change_own_languages(person: Person, languages: Sequence[str], actor: Actor, now: datetime) -> None:
    """The languages that somebody speaks, said by themselves. Raises Invalid("person.bad_languages")."""
    columns = rules.plain_account({"languages": languages})
    for fault in rules.change_faults(columns):
        raise fault
    async with transaction() as change:
        await store(await locked_account(person.login), columns, actor, now)
        change.afterwards(lambda: forget_person(person.id))


async def locked_account(login: str, if_revision: int | None = None) -> Person:
    """The account with this login, locked, inside the caller's transaction. Raises NotFound("person.unknown"),
    Conflict("request.stale").
    """
    person = None
    if may_be_name(login, LOGIN_LENGTH):
        person = await Person.select_for_update(no_key=True).get_or_none(login=rules.plain_login(login))
    if person is None:
        raise NotFound("person.unknown", login=login[:80])
    if if_revision not in (None, person.revision):
        raise Conflict("request.stale", revision=person.revision)
    return person


async def store(person: Person, columns: Mapping[str, Any], actor: Actor, now: datetime, reason: str = "") -> bool:
    """Write what differs of a locked account, with its history; whether anything does. Closing it ends its sessions and
    its links of one use, another mail address those that may have left for the one before.
    """
    before = {name: getattr(person, name) for name, value in columns.items() if getattr(person, name) != value}
    if not before:
        return False
    after = {name: columns[name] for name in before}
    person.update_from_dict(dict(after))
    person.revision += 1
    await person.save(update_fields=[*before, "revision"])
    if after.get("is_active") is False or before.get("mail"):
        await end_links(person.id, now)
    if before.pop("is_active", None) is not None:
        is_active = after.pop("is_active")
        if not is_active:
            await Session.filter(person_id=person.id).delete()
        await history.write(f"person:{person.id}", "opened" if is_active else "closed", actor, now, reason=reason)
    if before:
        sides = {"before": await _in_words(before), "after": await _in_words(after)}
        action = "role changed" if set(after) == {"role"} else "changed"
        await history.write(f"person:{person.id}", action, actor, now, **sides, reason=reason)
    return True


async def institution_or_none(code: str | None) -> Institution | None:
    """The institution with this code, None without one. Raises NotFound("institution.unknown")."""
    return await institution_by_code(code) if code else None


async def change_role(person: Person, role: Role | str, actor: Actor, now: datetime) -> None:
    """Give an account another role. Raises as :func:`change_person`."""
    person.role = (await change_person(person.login, {"role": role}, actor, now)).role


async def set_active(person: Person, is_active: bool, actor: Actor, now: datetime) -> None:
    """Open or close an account; closing it ends its sessions, and its tokens stop working. Raises as
    :func:`change_person`.
    """
    person.is_active = (await change_person(person.login, {"is_active": is_active}, actor, now)).is_active


async def close_ended(now: datetime) -> int:
    """Close the accounts whose time is over; returns how many."""
    logins = await Person.filter(is_active=True, active_until__lte=now).order_by("id").values_list("login", flat=True)
    for login in logins:
        await change_person(str(login), {"is_active": False}, SYSTEM, now)
    return len(logins)


async def _in_words(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as the history tells them: an institution by its code."""
    words = {name: value for name, value in columns.items() if name != "institution_id"}
    if "institution_id" in columns:
        institution = await Institution.get_or_none(id=columns["institution_id"] or 0)
        words["institution"] = institution.code if institution else ""
    return words
