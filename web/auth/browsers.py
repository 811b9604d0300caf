"""What a browser is called in the list of somebody's sessions, by what it says of itself."""

# the first that fits: most say that they are others too
PROGRAMS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(agent: str) -> str:
    """Firefox, Windows; nothing of a browser that says nothing we know."""
    names = (next((name for mark, name in table if mark in agent), "") for table in (PROGRAMS, SYSTEMS))
    return ", ".join(name for name in names if name)
