import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Now


def fill_decided_at(apps, schema_editor):
    """What people decided before it was written down: dropped, made a page of, or kept to the end."""
    images = apps.get_model("bulk_admin", "GeneratedImage").objects
    jobs = apps.get_model("bulk_admin", "BulkGenerationJob").objects
    ended = jobs.filter(status__in=("completed", "failed", "cancelled"))
    decided = Q(selected=False) | Q(page_id__isnull=False) | Q(job__in=ended)
    images.filter(decided, status="completed").update(decided_at=Now())


class Migration(migrations.Migration):
    dependencies = [
        ("bulk_admin", "0001_squashed_0022_rewriting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonSettings",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("values", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "settings of a person",
                "verbose_name_plural": "settings of a person",
            },
        ),
        migrations.AddField(
            model_name="generatedimage",
            name="decided_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When a person last kept or dropped it.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(help_text="Which undo puts it back.", max_length=40)),
                (
                    "scope",
                    models.CharField(
                        blank=True,
                        help_text="Where it was done: one undoes the last of one place.",
                        max_length=64,
                    ),
                ),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("rows", models.JSONField(default=list)),
                ("undone", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["person", "scope", "-id"], name="change_last"),
                    models.Index(fields=["created"], name="change_age"),
                ],
            },
        ),
        migrations.RunPython(fill_decided_at, migrations.RunPython.noop),
    ]
