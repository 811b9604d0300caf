"""The topic grammar: what may be a topic, and Izba's own tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.topics import BadTopic, OwnTopic, TopicKind, Topics, check_name, split

OURS = Topics("izba")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("", "empty topic"),
        ("izba/devices/+/reading", "wildcard in the topic"),
        ("izba/#", "wildcard in the topic"),
        ("rooms//101///occupancy", "empty levels: another topic"),
        ("rooms/101/", "empty levels: another topic"),
        ("/rooms/101", "empty levels: another topic"),
        ("rooms/1\0/x", "NUL in the topic"),
        ("a/" * 40 + "b", "too many levels"),
        ("x" * 2000, "the topic is too long"),
        ("rooms/\ud800", "the topic is not UTF-8"),
    ],
)
def test_bad_topics_are_refused_with_a_reason(topic: str, reason: str) -> None:
    with pytest.raises(BadTopic, match=reason):
        split(topic)


def test_spaces_marks_and_a_familys_leading_slash_are_taken() -> None:
    assert split("zigbee2mqtt/Wohnzimmer Bewegung") == ("zigbee2mqtt", "Wohnzimmer Bewegung")
    assert split("rooms/101/\u202eycnapucco")[-1] == "\u202eycnapucco"
    assert split("/devices/knx/controls/data")[1] == "devices"


@pytest.mark.parametrize(
    ("topic", "own"),
    [
        (OURS.reading("ZW-01-occ"), OwnTopic(TopicKind.READING, "ZW-01-occ")),
        (OURS.device_status("ZW-01-occ"), OwnTopic(TopicKind.DEVICE_STATUS, "ZW-01-occ")),
        (OURS.room_state("ZW-01"), OwnTopic(TopicKind.ROOM_STATE, "ZW-01")),
        (OURS.room_light("ZW-01"), OwnTopic(TopicKind.ROOM_LIGHT, "ZW-01")),
        (OURS.panel_state("ZW-01-door"), OwnTopic(TopicKind.PANEL_STATE, "ZW-01-door")),
        (OURS.panel_command("ZW-01-door"), OwnTopic(TopicKind.PANEL_COMMAND, "ZW-01-door")),
        (OURS.panel_reply("ZW-01-door"), OwnTopic(TopicKind.PANEL_REPLY, "ZW-01-door")),
        (OURS.status, OwnTopic(TopicKind.STATUS)),
        ("izba/devices/x/reading/more", OwnTopic(TopicKind.OTHER)),
        ("izba/elsewhere/x/reading", OwnTopic(TopicKind.OTHER)),
        ("izbaother/devices/x/reading", None),
        ("zigbee2mqtt/x", None),
    ],
)
def test_what_is_built_is_parsed(topic: str, own: OwnTopic | None) -> None:
    assert OURS.route(topic).own == own


def test_a_prefix_may_have_several_levels() -> None:
    deep = Topics("site/north/izba")
    assert deep.route(deep.reading("a")).own == OwnTopic(TopicKind.READING, "a")
    assert deep.route("site/north").own is None
    assert deep.filters()[0] == "site/north/izba/devices/+/reading"


@pytest.mark.parametrize("name", ["a/b", "+", "#", "", "a\0b"])
def test_a_name_is_one_level(name: str) -> None:
    with pytest.raises(BadTopic):
        check_name(name)
    with pytest.raises(BadTopic):
        OURS.room_state(name)


@given(st.text(max_size=60))
def test_any_topic_has_levels_or_a_fault(topic: str) -> None:
    route = OURS.route(topic)
    assert bool(route.levels) is not bool(route.fault)


def test_each_base_is_subscribed_once_and_gives_its_names_a_stem() -> None:
    topics = Topics("izba", ("zigbee2mqtt", "zigbee2mqtt/floor3", "office/z2m", "zigbee2mqtt"))
    assert topics.foreign_filters() == ["zigbee2mqtt/#", "office/z2m/#"]
    bases = {
        topic: topics.base_of(topic) for topic in ("zigbee2mqtt/a", "zigbee2mqtt/floor3/a", "office/z2m/a", "z2m/a")
    }
    assert list(bases.values()) == ["zigbee2mqtt", "zigbee2mqtt/floor3", "office/z2m", ""]
    assert [topics.stem(base) for base in bases.values()] == ["", "floor3/", "office/z2m/", ""]
