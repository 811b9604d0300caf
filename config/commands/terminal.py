"""What all commands share: sentences in the site's language, the register opened, log lines."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from config.settings import Settings
from config.settings import language as settings_language
from registry.core.errors import Reason, Refusal, words
from registry.core.history import Actor
from registry.core.outages import OncePerOutage

ACTOR = Actor(name="izba", source="cli")


def refusal_line(refusal: Refusal, language: str = "") -> str:
    """A refusal in the site's language, in one line."""
    from web.kit.i18n import translate  # the catalogues are read only when there is something to say

    return words(refusal.code, refusal.params, translate(language or settings_language()))


def sentence(text: str, settings: Settings, **params: Any) -> str:
    """A sentence of a command in the site's language."""
    return reason_words(Reason(text, **params), settings)


def reason_words(reason: Reason, settings: Settings) -> str:
    """As ``sentence``, of words that another part chose."""
    from web.kit.i18n import translate

    return reason.words(translate(settings.language))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run the command's coroutine on the fast loop."""
    import uvloop

    return uvloop.run(work)


def in_register(settings: Settings, work: Callable[[], Awaitable[Any]]) -> Any:
    """Run ``work`` with the register open."""
    from config.app import register

    async def opened() -> Any:
        async with register(settings):
            return await work()

    return run(opened())


def log_to_console(settings: Settings) -> None:
    """Log lines to standard error, as text or as JSON."""
    # a rich traceback would print local variables, and with them tokens and what people typed
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = structlog.processors.JSONRenderer() if settings.log_json else plain
    processors: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),  # what a line is about
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler()
    handler.addFilter(OncePerOutage())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if settings.log_json else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for quiet in ("apscheduler", "tortoise", "asyncio", "uvicorn.error"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
