from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulk_admin", "0025_trash"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkgenerationjob",
            name="notified_at",
            field=models.DateTimeField(
                editable=False, help_text="When its one mail to its maker was claimed.", null=True
            ),
        ),
    ]
