"""People, their institutions, and how they prove who they are."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField


class Role(StrEnum):
    """What an account may do. Custodian, committee member and approver are relations, not roles."""

    MEMBER = "member"
    DUTY = "duty"
    COORDINATOR = "coordinator"
    FACILITIES = "facilities"
    ACCOUNTANT = "accountant"
    AUDITOR = "auditor"
    ADMIN = "admin"


class LinkPurpose(StrEnum):
    """What a link of one use was made for."""

    INVITATION = "invitation"
    FORGOTTEN = "forgotten"


class LinkWay(StrEnum):
    """How a link of one use comes to its person."""

    MAIL = "mail"
    LINK = "link"
    SLIP = "slip"


class Institution(Model):
    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=200)
    name_en = fields.CharField(max_length=200, default="")
    part = fields.CharField(max_length=100, default="", description="the part it plays in the project")
    in_team = fields.BooleanField(default=False)
    revision = fields.IntField(default=1, db_default=1)

    class Meta:
        table = "institution"


class Person(Model):
    id = fields.IntField(primary_key=True)
    login = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=120)
    role = fields.CharEnumField(Role, max_length=20, default=Role.MEMBER)
    institution: fields.ForeignKeyNullableRelation[Institution] = fields.ForeignKeyField(
        "registry.Institution", related_name="people", on_delete=fields.RESTRICT, null=True
    )
    languages = fields.CharField(max_length=40, default="pl", description="comma separated, the spoken ones")
    language = fields.CharField(max_length=5, default="", description="of the pages, empty for the default of the site")
    password_hash = fields.CharField(max_length=200, default="")
    is_active = fields.BooleanField(default=True)
    created_at = UTCDatetimeField()
    mail = fields.CharField(max_length=254, default="", db_default="", description="for invitations and notices")
    active_until = UTCDatetimeField(null=True, description="from then on nobody gets in, null for no end")
    signed_in_at = UTCDatetimeField(null=True, description="the last time")
    revision = fields.IntField(default=1, db_default=1)

    institution_id: int | None

    class Meta:
        table = "person"


class Token(Model):
    """A key for programs. Only its digest is kept."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="tokens", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=80)
    digest = fields.CharField(max_length=64, unique=True)
    created_at = UTCDatetimeField()
    revoked_at = UTCDatetimeField(null=True)

    person_id: int

    class Meta:
        table = "token"


class Session(Model):
    """A signed-in browser. The cookie holds a secret, the row its digest."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="sessions", on_delete=fields.CASCADE
    )
    digest = fields.CharField(max_length=64, unique=True)
    created_at = UTCDatetimeField()
    expires_at = UTCDatetimeField()
    browser = fields.CharField(max_length=60, default="", db_default="", description="Firefox, Windows")
    address = fields.CharField(max_length=64, default="", db_default="", description="where it was signed in from")

    person_id: int

    class Meta:
        table = "session"
        indexes = [("person_id",)]


class OneUseLink(Model):
    """Lets its person choose a password, once. Only the digest of its secret is here."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="links", on_delete=fields.CASCADE
    )
    purpose = fields.CharEnumField(LinkPurpose, max_length=20)
    way = fields.CharEnumField(LinkWay, max_length=20)
    digest = fields.CharField(max_length=64, unique=True)
    created_at = UTCDatetimeField()
    expires_at = UTCDatetimeField()
    used_at = UTCDatetimeField(null=True)

    person_id: int

    class Meta:
        table = "one_use_link"
        indexes = [("person_id",)]


class FailedSignIn(Model):
    """What the rate limit counts. Rows older than the window are swept."""

    id = fields.IntField(primary_key=True)
    login = fields.CharField(max_length=64)
    address = fields.CharField(max_length=64)
    at = UTCDatetimeField()

    class Meta:
        table = "failed_sign_in"
        indexes = [("at",)]
