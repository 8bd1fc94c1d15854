"""A job's seed, and which models of the first catalogue take one."""

from django.db import migrations, models
from django.db.models import Q

TAKES_SEED = Q(provider="placeholder") | Q(
    provider="replicate", name__startswith="black-forest-labs/"
)


def name_the_models(apps, schema_editor):
    models_of_the_catalogue = apps.get_model("bulk_admin", "ImageModel").objects
    models_of_the_catalogue.filter(TAKES_SEED, kind="image", takes=[]).update(takes=["seed"])


class Migration(migrations.Migration):
    dependencies = [("bulk_admin", "0007_optional_settings_of_a_model")]

    operations = [
        migrations.AddField(
            model_name="bulkgenerationjob",
            name="seed",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(name_the_models, migrations.RunPython.noop),
    ]
