"""Grants: whose money, how much, until when it binds."""

from tortoise import fields
from tortoise.models import Model


class Grant(Model):
    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True, description="PL/2020/PR/0111")
    name = fields.CharField(max_length=300)
    beneficiary = fields.CharField(max_length=200)
    fund = fields.CharField(max_length=200)
    fund_en = fields.CharField(max_length=200, default="")
    total = fields.DecimalField(max_digits=14, decimal_places=2, description="PLN")
    granted = fields.DecimalField(max_digits=14, decimal_places=2, description="PLN")
    percent = fields.DecimalField(max_digits=5, decimal_places=2, description="the fund's share")
    started_on = fields.DateField(null=True)

    class Meta:
        table = "grant"
