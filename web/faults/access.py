"""Who may do what about a fault."""

from registry.core.errors import Forbidden
from registry.faults import rules
from registry.faults.models import FaultAct, FaultState
from registry.faults.queries import visible_fault
from registry.people.models import Person


async def check_act(fault_id: int, act: FaultAct, person: Person) -> None:
    """Raises NotFound("fault.unknown") for a fault that this person may not see, Forbidden("auth.role") for an act that
    is not theirs.
    """
    fault = await visible_fault(fault_id, person)
    if rules.may_manage(person.role):
        return
    is_theirs = act is FaultAct.REOPEN and rules.may_reopen(person.role, fault.is_own)
    if not is_theirs or fault.state is FaultState.TAKEN:
        raise Forbidden("auth.role")
