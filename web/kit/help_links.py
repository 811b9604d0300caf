"""Which page of the help belongs to an address: the longest beginning wins. A new page comes in by a line here."""

TOPICS = (
    ("/", "how-to/book-a-room"),
    ("/calendar", "how-to/book-a-room"),
    ("/bookings", "how-to/book-a-room"),
    ("/series", "how-to/repeat-a-booking"),
    ("/approvals", "how-to/approve-bookings"),
    ("/blocks", "how-to/block-rooms"),
    ("/works", "how-to/block-rooms"),
    ("/feeds", "how-to/calendar-in-your-phone"),
    ("/rooms", "how-to/book-a-room"),
    ("/devices", "how-to/connect-devices"),
    ("/panel", "how-to/door-panel"),
    ("/assets", "how-to/find-an-asset"),
    ("/assets/new", "how-to/register-a-piece"),
    ("/assets/import", "how-to/import-a-list"),
    ("/sets", "how-to/keep-a-set-together"),
    ("/stocktakes", "how-to/take-stock"),
    ("/due", "how-to/find-an-asset"),
    ("/reports/depreciation", "how-to/depreciation"),
    ("/labels", "how-to/print-labels"),
    ("/scan", "how-to/scan"),
    ("/t", "how-to/scan"),
    ("/faults", "how-to/find-an-asset"),
    ("/setup", "how-to/first-start"),
    ("/admin", "how-to/first-start"),
    ("/admin/places", "how-to/set-a-room"),
    ("/plan", "how-to/floor-plans"),
    ("/admin/places/plans", "how-to/floor-plans"),
    ("/admin/hours", "how-to/block-rooms"),
    ("/admin/days", "how-to/block-rooms"),
    ("/admin/outbox", "explanation/notices"),
    ("/admin/history", "explanation/history"),
    ("/admin/settings", "how-to/change-settings"),
    ("/admin/system", "how-to/run-in-production"),
    ("/privacy", "explanation/privacy"),
)


def help_for(path: str) -> str:
    """The address of the help that belongs to a page."""
    fits = [(start, name) for start, name in TOPICS if path == start or start != "/" and path.startswith(f"{start}/")]
    return f"/help/{max(fits)[1]}" if fits else "/help"
