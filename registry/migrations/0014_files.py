"""Files: stored contents, and what they are attached to."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.files.models import AttachmentKind


class Migration(migrations.Migration):
    dependencies = [("registry", "0013_imports_undone")]

    initial = False

    operations = [
        ops.CreateModel(
            name="StoredFile",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "digest",
                    fields.CharField(unique=True, description="SHA-256 of the stored bytes, in hex", max_length=64),
                ),
                ("media_type", fields.CharField(description="by its content, registry/files/rules.py", max_length=40)),
                ("size", fields.IntField(description="bytes")),
                ("width", fields.IntField(null=True, description="pixels, of a picture")),
                ("height", fields.IntField(null=True)),
                (
                    "stored_at",
                    UTCDatetimeField(
                        description="when it was brought last: a sweep leaves fresh contents alone",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
            ],
            options={
                "table": "stored_file",
                "app": "registry",
                "pk_attr": "id",
                "table_description": "One content, under the SHA-256 of its bytes. It is the same row however many "
                "things it is attached to.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Attachment",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "file",
                    fields.ForeignKeyField(
                        "registry.StoredFile",
                        source_field="file_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="attachments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("object", fields.CharField(description="as the history names it: asset:12, fault:3", max_length=60)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="PHOTO: photo\nINVOICE: invoice\nMANUAL: manual\nGUARANTEE: guarantee\n"
                        "PROTOCOL: protocol\nOTHER: other",
                        enum_type=AttachmentKind,
                        max_length=20,
                    ),
                ),
                ("title", fields.CharField(default="", max_length=200)),
                ("name", fields.CharField(description="of the file as it was sent, made safe", max_length=200)),
                ("added_by", fields.CharField(description="as the history names who did it", max_length=120)),
                ("added_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("removed_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "attachment",
                "app": "registry",
                "indexes": [
                    Index(fields=["object", "removed_at"]),
                    Index(fields=["file_id"]),
                    Index(fields=["removed_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A stored file on one thing. Removed, it can be put back for a week.",
            },
            bases=["Model"],
        ),
    ]
