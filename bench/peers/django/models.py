"""The tables as Django models; columns that the measured operations do not use are left out."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Prospect(models.Model):
    pk = models.CompositePrimaryKey("marketplace_id", "lead_id")
    marketplace_id = models.UUIDField()
    lead_id = models.UUIDField()
    name = models.TextField(null=True)
    salutation = models.TextField(null=True)
    company = models.TextField(null=True)
    email = models.TextField(null=True)
    phone = models.TextField(null=True)
    street = models.TextField(null=True)
    postcode = models.TextField(null=True)
    city = models.TextField(null=True)
    country = models.TextField(null=True)
    answers = models.JSONField()

    class Meta:
        app_label, managed, db_table = "peer", False, '"app"."prospect"'


class Engagement(models.Model):
    pk = models.CompositePrimaryKey("marketplace_id", "id")
    marketplace_id = models.UUIDField()
    id = models.UUIDField()
    lead_id = models.UUIDField()
    company_id = models.UUIDField()
    company_name = models.TextField()
    state = models.TextField()
    origin = models.TextField()
    self_pick = models.BooleanField()
    picked_by_name = models.TextField(null=True)
    steps = ArrayField(models.TextField())
    step = models.TextField()
    handler_id = models.UUIDField(null=True)
    handler_name = models.TextField(null=True)
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        app_label, managed, db_table = "peer", False, '"app"."engagement"'


class Lead(models.Model):
    pk = models.CompositePrimaryKey("marketplace_id", "id")
    marketplace_id = models.UUIDField()
    id = models.UUIDField()
    state = models.TextField()
    interest = models.TextField()
    postcode_area = models.TextField()
    tags = ArrayField(models.TextField())
    distribution_permission = models.BooleanField()
    source = models.TextField()
    external_ref = models.TextField(null=True)
    rejection_reason = models.TextField(null=True)
    operator_company_id = models.UUIDField()
    operator_name = models.TextField()
    giver_company_id = models.UUIDField(null=True)
    giver_name = models.TextField(null=True)
    engaged_company_id = models.UUIDField(null=True)
    engaged_company_name = models.TextField(null=True)
    engagement_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    version = models.IntegerField()
    prospect = models.ForeignObject(
        Prospect,
        on_delete=models.DO_NOTHING,
        from_fields=["marketplace_id", "id"],
        to_fields=["marketplace_id", "lead_id"],
        related_name="+",
        null=True,
    )
    engagement = models.ForeignObject(
        Engagement,
        on_delete=models.DO_NOTHING,
        from_fields=["marketplace_id", "engagement_id"],
        to_fields=["marketplace_id", "id"],
        related_name="+",
        null=True,
    )

    class Meta:
        app_label, managed, db_table = "peer", False, '"app"."lead"'
