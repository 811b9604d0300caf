"""The accounting policy in force. The office sets it; the composition root puts it here when the register opens."""

from registry.assets.rules import AccountPolicy, dated
from registry.core.context import PerRegister

# the limit of art. 16d-16f of the act on corporate income tax, and what most offices count by quantity alone
DEFAULT = AccountPolicy(fixed_above=dated("3500, 2018-01-01=10000"), quantity_only_below=dated("500"))
_in_force: PerRegister[AccountPolicy] = PerRegister(lambda: DEFAULT)


def in_force() -> AccountPolicy:
    """What accounts are derived by."""
    return _in_force.value


def use(policy: AccountPolicy) -> None:
    """From now on derive accounts by this. What is in the register keeps the account it has."""
    _in_force.value = policy
