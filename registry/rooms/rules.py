"""How much the numbers may be that a room comes in with and is set to. Pure."""

from typing import NamedTuple


class Bounds(NamedTuple):
    """The least and the most that a number may be."""

    least: int
    most: int


FLOORS, SEATS = Bounds(-9, 99), Bounds(0, 9999)
