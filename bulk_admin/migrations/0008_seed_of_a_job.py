"""A job's seed, and which models of the first catalogue take one."""

from django.db import migrations, models

from bulk_admin.seed import name_what_they_take


def name_the_models(apps, schema_editor):
    name_what_they_take(apps.get_model("bulk_admin", "ImageModel").objects)


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
