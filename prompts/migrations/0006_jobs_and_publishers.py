"""Which job's pages the old ones are; and who may change pages may go on publishing them."""

from typing import Any

from django.conf import settings
from django.db import migrations


def name_jobs(apps: Any, schema_editor: Any) -> None:
    pages = apps.get_model("prompts", "Prompt")
    images = apps.get_model("bulk_admin", "GeneratedImage").objects.exclude(page_id=None)
    found = images.values_list("page_id", "job_id", "job__name").order_by("pk")
    known = {int(page): (str(job), name) for page, job, name in found if page.isdecimal()}
    changed = []
    for page in pages._base_manager.only("pk").iterator():
        if page.pk not in known:
            continue
        page.job_ref, page.job_label = known[page.pk]
        changed.append(page)
    pages._base_manager.bulk_update(changed, ["job_ref", "job_label"], batch_size=200)


def let_editors_publish(apps: Any, schema_editor: Any) -> None:
    """The permission is made here, for Django makes it after the last migration only."""
    permissions = apps.get_model("auth", "Permission").objects
    change = permissions.filter(
        codename="change_prompt", content_type__app_label="prompts", content_type__model="prompt"
    ).first()
    if change is None:
        return  # a new database
    publish, _ = permissions.get_or_create(
        codename="publish",
        content_type=change.content_type,
        defaults={"name": "Can publish and unpublish pages"},
    )
    for group in apps.get_model("auth", "Group").objects.filter(permissions=change):
        group.permissions.add(publish)
    app, model = settings.AUTH_USER_MODEL.split(".")
    for person in apps.get_model(app, model).objects.filter(user_permissions=change):
        person.user_permissions.add(publish)


class Migration(migrations.Migration):
    dependencies = [
        ("prompts", "0005_the_desk"),
        ("bulk_admin", "0023_decisions_and_changes"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(name_jobs, migrations.RunPython.noop),
        migrations.RunPython(let_editors_publish, migrations.RunPython.noop),
    ]
