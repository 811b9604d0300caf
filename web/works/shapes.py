"""Building works as programs send and read them."""

import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from registry.works.actions import WorksChanges
from registry.works.queries import WorksDetail, WorksLine
from registry.works.rules import LONGEST_NAME, LONGEST_TEXT, MOST_ASSETS, MOST_ROOMS, NewWorks, WorksState
from web.blocks.shapes import BlockAnswer, NewBlockBody, block_answer
from web.kit.answers import ListAnswer
from web.kit.body import LINE, LINES, NAME, Body, Changes, Day, RecordId, RoomCode, left_out

WorksName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), NAME]
WorksText = Annotated[str, Field(max_length=LONGEST_TEXT), LINES]
GrantCode = Annotated[str, Field(max_length=40, description="a grant's code; empty for none"), LINE]
WorksRooms = Annotated[list[RoomCode], Field(max_length=MOST_ROOMS, description="room codes")]


class NewWorksBody(Body):
    """``ends_on`` is the last day."""

    name: WorksName
    starts_on: Day
    ends_on: Day
    rooms: WorksRooms
    description: WorksText = ""
    grant: GrantCode = ""

    def new(self) -> NewWorks:
        """What is asked of the register."""
        return NewWorks(self.name, self.starts_on, self.ends_on, tuple(self.rooms), self.description, self.grant)


class WorksChangesBody(Changes):
    """What is left out stays as it is."""

    name: WorksName = left_out()
    starts_on: Day = left_out()
    ends_on: Day = left_out()
    rooms: WorksRooms = left_out()
    description: WorksText = left_out()
    grant: GrantCode = left_out()

    def wanted(self) -> WorksChanges:
        """What is asked of the register."""
        fields: dict[str, Any] = self.changes()
        if "rooms" in fields:
            fields["rooms"] = tuple(self.rooms)
        return WorksChanges(**fields)


class WorksBlockBody(NewBlockBody):
    """As a block; without ``rooms`` those of the works."""

    rooms: WorksRooms = []


class WorksAssetsBody(Body):
    assets: Annotated[list[RecordId], Field(max_length=MOST_ASSETS, description="asset ids: all that the works made")]


class WorksAnswer(BaseModel):
    id: int
    name: str
    description: str
    state: WorksState
    starts_on: dt.date
    ends_on: dt.date = Field(description="the last day")
    finished_on: dt.date | None
    rooms: list[str]
    grant: str | None = Field(description="the code of the grant that pays")
    revision: int


class WorksAssetAnswer(BaseModel):
    id: int
    name: str
    inventory_no: str | None
    room: str | None
    durable_until: dt.date | None


class WorksDetailAnswer(WorksAnswer):
    blocks: list[BlockAnswer]
    assets: list[WorksAssetAnswer]
    durable_until: dt.date | None = Field(description="how long the grant binds the last of its pieces")


WorksListAnswer = ListAnswer[WorksAnswer]


def works_answer(line: WorksLine, today: dt.date) -> WorksAnswer:
    """Works as a list tells them."""
    return WorksAnswer(
        id=line.id, name=line.name, description=line.description, state=line.state_on(today),
        starts_on=line.starts_on, ends_on=line.ends_on, finished_on=line.finished_on, rooms=list(line.rooms),
        grant=line.grant or None, revision=line.revision,
    )  # fmt: skip


def works_detail_answer(detail: WorksDetail, zone: ZoneInfo, now: dt.datetime) -> WorksDetailAnswer:
    """Works with their blocks and pieces."""
    assets = [
        WorksAssetAnswer(
            id=row["id"], name=row["name"], inventory_no=row["inventory_no"], room=row["room"],
            durable_until=row["durable_until"],
        )
        for row in detail.assets
    ]  # fmt: skip
    line = works_answer(detail.line, now.astimezone(zone).date())
    blocks = [block_answer(block, zone, now) for block in detail.blocks]
    return WorksDetailAnswer(**line.model_dump(), blocks=blocks, assets=assets, durable_until=detail.durable_until)
