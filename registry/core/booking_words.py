"""What a refusal about privacy, quotas and whose a booking is says: a part of ``WORDS`` in registry/core/errors.py."""

from registry.core.marks import N_

BOOKING_WORDS: dict[str, str] = {
    "booking.organizer_gone": N_("The account of {name} is closed: nobody would read of the booking. Choose another."),
}
