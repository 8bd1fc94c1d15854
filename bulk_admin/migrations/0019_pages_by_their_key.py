from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models
from django.db.models import CharField, F
from django.db.models.functions import Cast


def copy(apps, schema_editor):
    images = apps.get_model("bulk_admin", "GeneratedImage").objects
    images.filter(prompt_page__isnull=False).update(
        page_id=Cast(F("prompt_page_id"), CharField(max_length=64))
    )
    jobs = apps.get_model("bulk_admin", "BulkGenerationJob").objects
    chosen = jobs.order_by().values_list("category_id", "page_tags", "page_visibility").distinct()
    for category, tags, visibility in list(chosen):
        same = jobs.filter(category_id=category, page_tags=tags, page_visibility=visibility)
        same.update(page_options={"category": category, "tags": tags, "visibility": visibility})


def copy_back(apps, schema_editor):
    """A page that is gone leaves its picture free, as it did when the link was a foreign key."""
    pages = apps.get_model("prompts", "Prompt").objects
    categories = set(apps.get_model("prompts", "Category").objects.values_list("pk", flat=True))
    images = apps.get_model("bulk_admin", "GeneratedImage").objects
    jobs = apps.get_model("bulk_admin", "BulkGenerationJob").objects
    with_page = images.filter(page_id__isnull=False)
    there = set(pages.values_list("pk", flat=True))
    for image in with_page.only("pk", "page_id", "job_id", "page_status").iterator(1000):
        page = int(image.page_id) if image.page_id.isdecimal() else None
        if page in there:
            images.filter(pk=image.pk).update(prompt_page_id=page)
        elif image.page_status == "created":
            images.filter(pk=image.pk).update(page_status="none")
            jobs.filter(pk=image.job_id).update(pages_created=F("pages_created") - 1)
    for job in jobs.only("pk", "page_options").iterator(1000):
        chosen = job.page_options
        category = chosen.get("category")
        jobs.filter(pk=job.pk).update(
            category_id=category if category in categories else None,
            page_tags=chosen.get("tags") or "",
            page_visibility=chosen.get("visibility") or "public",
        )
    if schema_editor.connection.vendor == "postgresql":
        # Foreign keys are checked at the end; what is due must be over before a table changes.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [("bulk_admin", "0018_brakes")]
    operations = [
        # First of all, so that on the way back it comes last, when the old column is filled.
        migrations.RemoveConstraint("generatedimage", "created_has_page"),
        migrations.AddField(
            "generatedimage",
            "page_id",
            models.CharField(
                blank=True,
                help_text="The key of its page in the site's own model, as text.",
                max_length=64,
                null=True,
                unique=True,
            ),
        ),
        migrations.AddField(
            "bulkgenerationjob",
            "page_options",
            models.JSONField(
                blank=True,
                default=dict,
                encoder=DjangoJSONEncoder,
                help_text=(
                    "What was chosen for its pages, by the names of the page adapter's options."
                ),
            ),
        ),
        migrations.RunPython(copy, copy_back),
        migrations.RemoveField("generatedimage", "prompt_page"),
        migrations.RemoveField("bulkgenerationjob", "category"),
        migrations.RemoveField("bulkgenerationjob", "page_tags"),
        migrations.RemoveField("bulkgenerationjob", "page_visibility"),
        migrations.AddConstraint(
            "generatedimage",
            models.CheckConstraint(
                condition=~models.Q(page_status="created") | models.Q(page_id__isnull=False),
                name="created_has_page",
            ),
        ),
    ]
