"""Who manages people stays somebody: what every change of an account asks first, inside its transaction."""

from collections.abc import Sequence

from registry.core.errors import Forbidden
from registry.core.history import Actor
from registry.people import rules
from registry.people.models import Person

MANAGERS = tuple(sorted(str(role) for role in rules.CAPABILITIES["people.manage"]))


async def lock_managers(actor: Actor) -> Sequence[Person]:
    """Everybody who manages people now, locked: of two who take the role from each other at the same moment the second
    waits, and finds that it is theirs no more. What only names one of them, like a booking, waits for nothing.

    Raises Forbidden("auth.role") where the person who acts is none of them.
    """
    managers = await Person.select_for_update(no_key=True).filter(role__in=MANAGERS, is_active=True).order_by("id")
    if actor.person_id is not None and all(manager.id != actor.person_id for manager in managers):
        raise Forbidden("auth.role")
    return managers


async def keep_one_manager(former: Sequence[Person], name: str) -> None:
    """After a change of an account: somebody manages people without an end. ``former`` are those who did before it; an
    office that nobody managed is left to the command line. Raises Conflict("person.last_administrator").
    """
    if any(manager.active_until is None for manager in former):
        managers = await Person.filter(role__in=MANAGERS, is_active=True)
        for fault in rules.manager_faults([manager.active_until for manager in managers], name):
            raise fault
