"""Mail addresses, ends and links of accounts, and revisions of accounts and institutions."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField
from registry.people.models import LinkPurpose, LinkWay


class Migration(migrations.Migration):
    dependencies = [("registry", "0026_bulk_changes")]

    operations = [
        ops.CreateModel(
            name="OneUseLink",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="INVITATION: invitation\nFORGOTTEN: forgotten", enum_type=LinkPurpose, max_length=20
                    ),
                ),
                (
                    "way",
                    fields.CharEnumField(
                        description="MAIL: mail\nLINK: link\nSLIP: slip", enum_type=LinkWay, max_length=20
                    ),
                ),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("created_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "one_use_link",
                "app": "registry",
                "indexes": [Index(fields=["person_id"])],
                "pk_attr": "id",
                "table_description": "Lets its person choose a password, once. Only the digest of its secret is here.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="Institution",
            name="revision",
            field=fields.IntField(default=1, db_default=1),
        ),
        AddColumn(
            model_name="Person",
            name="active_until",
            field=UTCDatetimeField(
                null=True,
                description="from then on nobody gets in, null for no end",
                auto_now=False,
                auto_now_add=False,
            ),
        ),
        AddColumn(
            model_name="Person",
            name="mail",
            field=fields.CharField(
                default="", db_default="", description="for invitations and notices", max_length=254
            ),
        ),
        AddColumn(
            model_name="Person",
            name="revision",
            field=fields.IntField(default=1, db_default=1),
        ),
        AddColumn(
            model_name="Person",
            name="signed_in_at",
            field=UTCDatetimeField(null=True, description="the last time", auto_now=False, auto_now_add=False),
        ),
        AddColumn(
            model_name="Session",
            name="address",
            field=fields.CharField(default="", db_default="", description="where it was signed in from", max_length=64),
        ),
        AddColumn(
            model_name="Session",
            name="browser",
            field=fields.CharField(default="", db_default="", description="Firefox, Windows", max_length=60),
        ),
        ops.AddIndex(
            model_name="Session",
            index=Index(fields=["person_id"]),
        ),
    ]
