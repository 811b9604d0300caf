"""The rates in force. The office sets them; the composition root puts them here when the register opens."""

from registry.accounting.rules import DEFAULT_RATES, Rates
from registry.core.context import PerRegister

_in_force: PerRegister[Rates] = PerRegister(lambda: DEFAULT_RATES)


def rates_in_force() -> Rates:
    """By what linear write-off is reckoned."""
    return _in_force.value


def use_rates(rates: Rates) -> None:
    """From now on reckon by these."""
    _in_force.value = rates
