"""Carries many letters in a process of its own, so that drawing and encrypting them keeps nobody waiting.

By standard input comes a line of JSON with the server and what the site is called, then a line for each bag; the
answer to each is a line on standard output. It ends with its input.
"""

import asyncio
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from config.sending.mail import MailServer
from config.sending.mailbag import Mailbag, carry
from registry.core.refusal_records import plain_params
from web.kit.options import SiteOptions
from web.kit.render import Pages

NICE = 10


def main() -> None:
    """Until the input ends."""
    os.nice(NICE)
    head = orjson.loads(sys.stdin.buffer.readline())
    server = MailServer(**head["server"])
    pages = Pages(SiteOptions(secret_key="", data_dir=Path(), **head["site"]))
    for line in sys.stdin.buffer:
        bag = orjson.loads(line)
        answer = asyncio.run(_carried(Mailbag.unpacked(bag), server, pages, datetime.fromisoformat(bag["now"])))
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


async def _carried(bag: Mailbag, server: MailServer, pages: Pages, now: datetime) -> dict[str, Any]:
    postman = await carry(bag, server, pages, now.astimezone(UTC))
    trouble = postman.trouble and {"code": postman.trouble.code, "params": plain_params(postman.trouble.params)}
    answers = {number: asdict(answer) for number, answer in postman.answers.items()}
    return {"answers": answers, "trouble": trouble}


if __name__ == "__main__":
    main()
