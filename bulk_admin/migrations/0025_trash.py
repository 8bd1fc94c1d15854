from django.db import migrations, models


def empty_the_trash(apps, schema_editor):
    """On the way back: its pictures would be there again, and no counter has them."""
    images = apps.get_model("bulk_admin", "GeneratedImage").objects
    images.filter(deleted_at__isnull=False, job__deleted_at=None, page_id=None).delete()
    if schema_editor.connection.vendor == "postgresql":  # which alters no table with checks to come
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("bulk_admin", "0024_key_owner"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="bulkgenerationjob",
            name="removed_images",
        ),
        migrations.AddField(
            model_name="bulkgenerationjob",
            name="deleted_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When it went to the trash.", null=True
            ),
        ),
        migrations.AddField(
            model_name="generatedimage",
            name="deleted_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When it went to the trash.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="bulkgenerationjob",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["deleted_at"],
                name="job_trash",
            ),
        ),
        migrations.AddIndex(
            model_name="generatedimage",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["deleted_at"],
                name="image_trash",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, empty_the_trash),
    ]
