"""What a line of text may be."""

from registry.core.errors import N_, Invalid, Reason, Refusal


def line_fault(field: str, text: str, limit: int) -> Refusal | None:
    """Why a field cannot hold a text: it is longer than so many characters, or holds some that cannot be shown."""
    if len(text) > limit:
        return Invalid(
            "request.bad_field", field=field, reason=Reason(N_("it is longer than {limit} characters"), limit=limit)
        )
    if not text.isprintable():
        return Invalid("request.bad_field", field=field, reason=Reason(N_("it holds characters that cannot be shown")))
    return None
