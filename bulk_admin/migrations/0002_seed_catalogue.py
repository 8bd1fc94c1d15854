"""The catalogue as it stood on 2026-11-22. Creates what is missing; never undoes an edit."""

from __future__ import annotations

from django.db import migrations

from bulk_admin.seed import seed_catalogue


def seed(apps, schema_editor):
    seed_catalogue(
        apps.get_model("bulk_admin", "ImageModel"), apps.get_model("bulk_admin", "ModelPrice")
    )


class Migration(migrations.Migration):
    dependencies = [("bulk_admin", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
