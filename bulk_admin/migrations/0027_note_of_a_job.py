from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulk_admin", "0026_one_mail_per_job"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkgenerationjob",
            name="note",
            field=models.TextField(
                blank=True, default="", editable=False, help_text="What staff wrote about it."
            ),
            preserve_default=False,
        ),
    ]
