"""Which reader and which writer a kind of list has."""

from dataclasses import dataclass

from registry.importing import assets, people, places, purchases
from registry.importing.batches import RowWriter
from registry.importing.reader import RowReader


@dataclass(frozen=True, slots=True)
class ListKind:
    """How the rows of a kind of list are read, and how they are written."""

    reader: type[RowReader]
    writer: RowWriter


LIST_KINDS = {
    "assets": ListKind(assets.AssetReader, assets.write_assets),
    "purchases": ListKind(purchases.PurchaseReader, purchases.write_purchases),
    "buildings": ListKind(places.BuildingReader, places.write_buildings),
    "rooms": ListKind(places.RoomReader, places.write_rooms),
    "people": ListKind(people.PersonReader, people.write_people),
    "institutions": ListKind(people.InstitutionReader, people.write_institutions),
}
