"""The process that carries many letters: started when there are many, ended when there are none."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from config.sending.mail import MailAnswer, MailServer
from config.sending.mailbag import Mailbag
from registry.core.errors import N_, Reason, Refusal, Unavailable
from registry.core.refusal_records import worded_params
from registry.outbox.models import LetterState
from web.kit.render import Pages

LONGEST_LINE = 2**24
PATIENCE = 240.0  # shorter than a lease


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a bag: an answer for each letter that was tried, and why no more were."""

    answers: Mapping[str, MailAnswer]
    trouble: Refusal | None


class CarrierProcess:
    """``config.sending.carrier`` and the line to it."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._server: MailServer | None = None

    async def carry(self, bag: Mailbag, server: MailServer, pages: Pages, now: datetime) -> Carried:
        """Have a bag carried. A process that dies on the way leaves its letters untried, as far as anybody knows."""
        if server != self._server:  # it was told of the one before
            await self.end()
        process = self._process or await self._start(server, pages)
        assert process.stdin
        assert process.stdout
        try:
            async with asyncio.timeout(PATIENCE):
                process.stdin.write(orjson.dumps(bag.packed() | {"now": now.isoformat()}) + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
        except (TimeoutError, OSError):
            line = b""
        except BaseException:
            await self._kill()
            raise
        if not line:
            await self._kill()
            reason = Reason(N_("it took too long"))
            return Carried({}, Unavailable("mail.away", host=f"{server.host}:{server.port}", reason=reason))
        return _unpacked(orjson.loads(line))

    async def _start(self, server: MailServer, pages: Pages) -> Process:
        options = pages.options
        site = {"base_url": options.base_url, "language": options.language, "timezone": options.timezone,
                "title": options.title}  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "config.sending.carrier", stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
        )
        self._process, self._server = process, server
        assert process.stdin
        process.stdin.write(orjson.dumps({"server": asdict(server), "site": site}) + b"\n")
        return process

    async def end(self) -> None:
        """Let the process go, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin
            process.stdin.close()
            await process.wait()

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())


def _unpacked(values: Mapping[str, Any]) -> Carried:
    answers = {
        number: MailAnswer(LetterState(answer["state"]), answer["text"]) for number, answer in values["answers"].items()
    }
    trouble = values["trouble"]
    if trouble is None:
        return Carried(answers, None)
    return Carried(answers, Unavailable(trouble["code"], **worded_params(trouble["params"])))
