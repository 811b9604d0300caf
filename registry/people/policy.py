"""The rules of signing in that are in force. The office sets them; the composition root puts them here when the
register opens.
"""

from registry.core.context import PerRegister
from registry.people.rules import SignInRules

DEFAULT = SignInRules()
_in_force: PerRegister[SignInRules] = PerRegister(lambda: DEFAULT)


def in_force() -> SignInRules:
    """What attempts are counted by, and how long a session lasts."""
    return _in_force.value


def use(rules: SignInRules) -> None:
    """From now on count by these. A session that is open lasts as long as it was given."""
    _in_force.value = rules
