"""What a saved view may be called, and how many there may be. Pure."""

from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal

NAME_LENGTH, QUERY_LENGTH = 60, 2000
MOST = 30  # of one person, and of the office


def faults(name: str, query: str, others: int, rivals: int) -> list[Refusal]:
    """Every reason why a view cannot be saved: ``others`` are there already, ``rivals`` of them have its name."""
    reasons: list[Refusal] = []
    if not name:
        reasons.append(Invalid("request.missing_field", field="name"))
    if not name.isprintable():
        reasons.append(
            Invalid("request.bad_field", field="name", reason=Reason(N_("it holds characters that cannot be shown")))
        )
    if len(name) > NAME_LENGTH:
        reasons.append(Invalid("view.long_name", limit=NAME_LENGTH))
    if len(query) > QUERY_LENGTH:
        reasons.append(Invalid("view.too_long"))
    if rivals:
        reasons.append(Conflict("view.name_taken", name=name))
    if others >= MOST:
        reasons.append(Conflict("view.too_many", limit=MOST))
    return reasons
