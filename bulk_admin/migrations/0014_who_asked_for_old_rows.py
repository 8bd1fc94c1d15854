from django.db import migrations
from django.db.models import OuterRef, Subquery


def give_them_to_the_job_s_maker(apps, schema_editor):
    jobs = apps.get_model("bulk_admin", "BulkGenerationJob").objects
    maker = Subquery(jobs.filter(pk=OuterRef("job_id")).values("created_by")[:1])
    images = apps.get_model("bulk_admin", "GeneratedImage").objects
    images.update(requested_by=maker, page_requested_by=maker)


class Migration(migrations.Migration):
    dependencies = [("bulk_admin", "0013_who_asked_for_a_picture")]
    operations = [
        migrations.RunPython(give_them_to_the_job_s_maker, migrations.RunPython.noop),
    ]
