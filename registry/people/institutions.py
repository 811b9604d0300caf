"""What changes institutions: who the people of the office work for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.core import history
from registry.core.errors import Conflict, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import transaction
from registry.people import rules
from registry.people.models import Institution
from registry.people.queries import forget_people_of


async def add_institution(
    columns: Mapping[str, Any], actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Institution:
    """Take an institution in: its ``code`` and ``name``, and as far as there are ``name_en``, ``part``, ``in_team``.

    Raises Invalid: institution.bad_code, request.missing_field, request.bad_field; Conflict("institution.exists").
    """
    values = rules.plain_institution(columns)
    for fault in [*rules.code_faults(values["code"]), *rules.institution_faults(values)]:
        raise fault
    try:
        async with transaction():
            institution = await Institution.create(**values)
            await history.write(f"institution:{institution.id}", "added", actor, now, after=values)
            await record(request_key, institution)
    except IntegrityError as fault:
        raise Conflict("institution.exists", institution=values["code"]) from fault
    return institution


async def change_institution(
    code: str, changes: Mapping[str, Any], actor: Actor, now: datetime, if_revision: int | None = None
) -> Institution:
    """Put right what stands of an institution; its code stays, for lists and programs name it.

    Raises NotFound("institution.unknown"), Conflict("request.stale"), Invalid as :func:`add_institution`.
    """
    values = rules.plain_institution(changes)
    for fault in rules.institution_faults(values):
        raise fault
    async with transaction() as change:
        institution = await Institution.select_for_update().get_or_none(code=code)
        if institution is None:
            raise NotFound("institution.unknown", institution=code[:80])
        if if_revision not in (None, institution.revision):
            raise Conflict("request.stale", revision=institution.revision)
        before = {
            name: getattr(institution, name) for name, value in values.items() if getattr(institution, name) != value
        }
        if before:
            after = {name: values[name] for name in before}
            institution.update_from_dict(dict(after))
            institution.revision += 1
            await institution.save(update_fields=[*before, "revision"])
            await history.write(f"institution:{institution.id}", "changed", actor, now, before=before, after=after)
            change.afterwards(lambda: forget_people_of(institution.id))
    return institution
