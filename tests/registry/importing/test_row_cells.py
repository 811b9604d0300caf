"""What stands in the cells of a list that waits."""

from registry.importing.models import PendingImport
from registry.importing.row_cells import lines_with, texts_of

LIST = """nr inw;nazwa;pokój
A/1;Stół;R-7
A/2;Lampa;R-7
A/3;Lampa;
A/4;Lampa;R-7
"""
TITLES = {"inventory_no": "nr inw", "name": "nazwa", "room": "pokój"}


def test_of_several_fields_the_lines_with_their_text_are_as_they_were_corrected() -> None:
    corrections = {"3": {"room": "R-8"}, "2": {"name": "Lampa"}}
    pending = PendingImport(file="lista.csv", content=LIST.encode(), family="assets", corrections=corrections)
    lines = lines_with(pending, {"name": "Lampa", "room": "R-7", "inventory_no": ""}, TITLES)
    assert lines == {"name": ["2", "3", "4", "5"], "room": ["2", "5"], "inventory_no": []}, "an empty one is nowhere"
    assert texts_of(pending, "3", TITLES) == {"inventory_no": "A/2", "name": "Lampa", "room": "R-8"}
    assert texts_of(pending, "9", TITLES) == dict.fromkeys(TITLES, "")
