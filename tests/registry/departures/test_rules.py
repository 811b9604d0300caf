"""What bars somebody from taking over what hangs on another: tables, no database."""

import pytest

from registry.departures.rules import LoadKind, Obstacle, obstacle_faults, owner_obstacles
from registry.people.models import Role


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        (Obstacle(LoadKind.BOOKINGS, ("ZW-01", "ZW-02")), "their role or institution may not book ZW-01, ZW-02"),
        (Obstacle(LoadKind.APPROVALS), "their role changes nothing"),
        (Obstacle(LoadKind.FAULTS), "their role does not look after faults"),
    ],
)
def test_an_obstacle_says_why(obstacle: Obstacle, words: str) -> None:
    assert obstacle.words == words
    (refusal,) = obstacle_faults({obstacle.kind: ("dozór obiektu", obstacle)})
    assert refusal.code == "person.cannot_take"


def test_who_looks_after_faults_takes_them_over_and_who_only_reads_takes_nothing() -> None:
    assert owner_obstacles(Role.FACILITIES, LoadKind.FAULTS) == []
    assert owner_obstacles(Role.MEMBER, LoadKind.FAULTS) == [Obstacle(LoadKind.FAULTS)]
    assert owner_obstacles(Role.AUDITOR, LoadKind.APPROVALS) == [Obstacle(LoadKind.APPROVALS)]
    assert owner_obstacles(Role.AUDITOR, LoadKind.CUSTODY) == []
    assert obstacle_faults({}) == []
