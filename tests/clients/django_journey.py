"""What a Django application does with django-salesforce; prints what it got, as JSON."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["salesforce"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        "salesforce": {
            "ENGINE": "salesforce.backend",
            "CONSUMER_KEY": os.environ["CHASSIS_CLIENT"],
            "CONSUMER_SECRET": os.environ["CHASSIS_SECRET"],
            "USER": os.environ["CHASSIS_USERNAME"],
            "PASSWORD": os.environ["CHASSIS_PASSWORD"],
            "HOST": os.environ["CHASSIS_HTTPS"],
        },
    },
    DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
    SALESFORCE_DB_ALIAS="salesforce",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="salesforce.fields.SalesforceAutoField",
)
django.setup()

from django.core.management import call_command  # noqa: E402  Django is set up first
from django.db import connections  # noqa: E402
from django.db.models import Count  # noqa: E402
from salesforce import models  # noqa: E402


class User(models.Model):
    username = models.CharField(db_column="Username", max_length=80)
    last_name = models.CharField(db_column="LastName", max_length=80)

    class Meta(models.Model.Meta):
        app_label, db_table, managed = "dealer", "User", False


class Lead(models.Model):
    last_name = models.CharField(db_column="LastName", max_length=80)
    mobile = models.CharField(db_column="MobilePhone", max_length=40, null=True)
    owner = models.ForeignKey(User, models.DO_NOTHING, db_column="OwnerId", default=models.DEFAULTED_ON_CREATE)

    class Meta(models.Model.Meta):
        app_label, db_table, managed = "dealer", "Lead", False


def journey() -> dict[str, Any]:
    told: dict[str, Any] = {}
    lead = Lead(last_name="Django 1", mobile="+13935550160")
    lead.save()
    told["read"] = [Lead.objects.get(pk=lead.pk).last_name, Lead.objects.get(pk=lead.pk).owner.username]
    lead.last_name = "Django 2"
    lead.save(update_fields=["last_name"])
    told["filtered"] = [each.last_name for each in Lead.objects.filter(last_name__startswith="Django").order_by("id")]
    told["related"] = Lead.objects.filter(owner__username=os.environ["CHASSIS_USERNAME"]).exists()

    many = [Lead(last_name=f"Fleet {number:03}", mobile=f"+1393555{2000 + number}") for number in range(250)]
    told["created"] = len(Lead.objects.bulk_create(many))
    fleet = Lead.objects.filter(last_name__startswith="Fleet")
    told["listed"] = [each.last_name for each in fleet.order_by("last_name")[:2]]
    told["counted"] = fleet.aggregate(n=Count("id"))["n"]
    told["among"] = Lead.objects.filter(pk__in=[each.pk for each in fleet]).count()
    told["updated"] = Lead.objects.filter(last_name__startswith="Fleet 1").update(mobile="+13935550199")
    told["removed"] = Lead.objects.filter(last_name__startswith="Fleet 2").delete()[0]
    lead.delete()
    told["left"] = Lead.objects.filter(last_name__startswith="Django").count()

    connection = connections["salesforce"]
    told["tables"] = len(connection.introspection.get_table_list(connection.cursor()))
    models_made = io.StringIO()
    call_command("inspectdb", "Lead", "Vehicle", "Account", database="salesforce", stdout=models_made)
    told["models"] = models_made.getvalue()
    return told


print(json.dumps(journey()))  # noqa: T201  it is what the test reads
