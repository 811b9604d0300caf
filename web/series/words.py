"""What series of bookings, their dates and what is done to them are called."""

from web.kit.words import N_

ACTS = {
    "booked": N_("Series booked"),
    "changed": N_("Series changed"),
    "cancelled": N_("Dates cancelled"),
    "split": N_("Goes on as another series"),
}
