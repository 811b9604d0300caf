"""Saved views as the API takes and tells them."""

from typing import Annotated

from pydantic import BaseModel, Field

from registry.saved_views.models import SavedView
from registry.saved_views.rules import NAME_LENGTH, QUERY_LENGTH
from web.kit.answers import ListAnswer
from web.kit.body import LINE, NAME, Body, Changes, YesNo, left_out

ViewName = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), NAME]
ViewQuery = Annotated[
    str,
    Field(max_length=QUERY_LENGTH, description="of the page of assets: room=ZW-01&sort=-price&cols=name,price"),
    LINE,
]


class NewViewBody(Body):
    name: ViewName
    query: ViewQuery = ""
    shared: YesNo = False


class ViewChangesBody(Changes):
    name: ViewName = left_out()
    query: ViewQuery = left_out()
    shared: YesNo = left_out()


class SavedViewAnswer(BaseModel):
    id: int
    name: str
    query: str
    shared: bool = Field(description="the whole office has it")
    mine: bool
    revision: int


SavedViewsAnswer = ListAnswer[SavedViewAnswer]


def view_answer(view: SavedView, person_id: int) -> SavedViewAnswer:
    return SavedViewAnswer(
        id=view.id,
        name=view.name,
        query=view.query,
        shared=view.is_shared,
        mine=view.owner_id == person_id,
        revision=view.revision,
    )
