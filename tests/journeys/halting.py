"""``izba`` whose imports and undos stand still behind their first lot, as long as there is a file ``halt`` beside the
data: whoever kills it then kills it in the middle.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from config.commands.root import main
from registry.importing import batches, undo
from registry.importing.kinds import LIST_KINDS

LOT = 50
HALT = "halt"


def behind_one(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The act, which waits from its second time on while there is the file."""
    halt, times = Path(os.environ["IZBA_DATA_DIR"]) / HALT, 0

    async def waiting(*arguments: Any) -> Any:
        nonlocal times
        times = times + 1 if halt.exists() else 0
        while times > 1 and halt.exists():
            await asyncio.sleep(0.01)
        return await act(*arguments)

    return waiting


if __name__ == "__main__":
    batches.BATCH = undo.LOT = LOT
    LIST_KINDS["assets"] = replace(LIST_KINDS["assets"], writer=behind_one(LIST_KINDS["assets"].writer))
    undo._take_back = behind_one(undo._take_back)
    main()
