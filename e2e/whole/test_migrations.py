"""Migrations that carry rows over."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations import executor
from django.db.migrations.loader import MigrationLoader

from bulk_admin.models import ImageModel, ProviderAccount

WHOSE = ("bulk_admin", "0006_whose_an_account_is")
WHO_ASKED = ("bulk_admin", "0014_who_asked_for_old_rows")


class OneByOne(MigrationLoader):
    """Without the squashed one: the steps that an older database takes, or has taken."""

    def __init__(self, connection, **kwargs):
        super().__init__(connection, **{**kwargs, "replace_migrations": False})

    def load_disk(self):
        super().load_disk()
        squashed = [
            key
            for key, found in self.disk_migrations.items()
            if found.replaces and key[0] == "bulk_admin"
        ]
        newest = {key: self.disk_migrations.pop(key).replaces[-1] for key in squashed}
        for migration in self.disk_migrations.values():  # as Django does for such a database
            migration.dependencies = [newest.get(key, key) for key in migration.dependencies]


@pytest.fixture
def migrate(transactional_db, monkeypatch):
    """Back or forth to a migration; the newest ones stand again after the test."""
    monkeypatch.setattr(executor, "MigrationLoader", OneByOne)

    def to(*targets):
        steps = executor.MigrationExecutor(connection)
        steps.migrate(list(targets))
        known = [target for target in targets if target[1]]
        return steps.loader.project_state(known).apps

    yield to
    to(*executor.MigrationExecutor(connection).loader.graph.leaf_nodes())


def schema():
    """Columns, and constraints and indexes without the names that Django makes up."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith("bulk_admin_"):
                continue
            columns = connection.introspection.get_table_description(cursor, table)
            constraints = connection.introspection.get_constraints(cursor, table)
            facts = ("primary_key", "unique", "foreign_key", "check", "index", "orders", "type")
            found[table] = (
                {(column.name, str(column.type_code), column.null_ok) for column in columns},
                sorted(
                    [sorted(each["columns"] or []), *(str(each.get(fact)) for fact in facts)]
                    for each in constraints.values()
                ),
            )
    return found


def catalogue():
    fields = [field.attname for field in ImageModel._meta.fields if field.name != "id"]
    return list(ImageModel.objects.order_by("provider", "name").values(*fields))


@pytest.mark.django_db(transaction=True)
def test_the_squashed_migration_makes_what_the_old_ones_made(migrate):
    at_once, models_at_once = schema(), catalogue()
    migrate(("bulk_admin", None))
    assert schema() == {}
    migrate(*executor.MigrationExecutor(connection).loader.graph.leaf_nodes("bulk_admin"))
    assert schema() == at_once
    assert catalogue() == models_at_once


def test_the_squashed_migration_needs_no_content_app():
    found = MigrationLoader(None).disk_migrations
    ours = {name: each for (app, name), each in found.items() if app == "bulk_admin"}
    (squashed,) = [each for each in ours.values() if each.replaces]
    assert {app for app, _ in squashed.dependencies} == {"auth"}  # the site's own users
    later = ours.keys() - {squashed.name} - {name for _, name in squashed.replaces}
    first = min(later, default=None)
    assert first is None or ("bulk_admin", squashed.name) in ours[first].dependencies


@pytest.mark.django_db(transaction=True)
def test_an_account_without_an_owner_becomes_the_platform_s_and_no_other(migrate):
    before = migrate(("bulk_admin", "0005_plain_words"))
    anna = before.get_model("auth", "User").objects.create(username="anna")
    accounts = before.get_model("bulk_admin", "ProviderAccount").objects
    accounts.all().delete()
    accounts.create(provider="openai", label="Ours")
    accounts.create(provider="openai", label="Hers", owner=anna, is_default=True)
    after = migrate(WHOSE).get_model("bulk_admin", "ProviderAccount").objects
    found = after.values_list("label", "is_platform", "owner", "is_default", "is_enabled")
    assert set(found) == {
        ("Ours", True, None, False, True),
        ("Hers", False, anna.pk, False, True),
    }


@pytest.mark.django_db(transaction=True)
def test_old_pictures_were_asked_for_by_who_made_their_job(migrate):
    before = migrate(("bulk_admin", "0012_bounds_of_numbers"))
    anna = before.get_model("auth", "User").objects.create(username="anna")
    account = before.get_model("bulk_admin", "ProviderAccount").objects.create(
        provider="placeholder", label="Ours", is_platform=True
    )
    for maker in (anna, None):
        job = before.get_model("bulk_admin", "BulkGenerationJob").objects.create(
            name="Old", account=account, created_by=maker
        )
        before.get_model("bulk_admin", "GeneratedImage").objects.create(job=job, position=1)
    after = migrate(WHO_ASKED).get_model("bulk_admin", "GeneratedImage").objects
    found = after.values_list("job__created_by", "requested_by", "page_requested_by")
    assert set(found) == {(anna.pk, anna.pk, anna.pk), (None, None, None)}


@pytest.mark.django_db(transaction=True)
def test_old_keys_are_their_account_s_owner_s(migrate):
    before = migrate(("bulk_admin", "0023_decisions_and_changes"))
    anna = before.get_model("auth", "User").objects.create(username="anna")
    accounts = before.get_model("bulk_admin", "ProviderAccount").objects
    accounts.create(provider="openai", label="Ours", is_platform=True, encrypted_key="sealed")
    accounts.create(provider="openai", label="Hers", owner=anna, encrypted_key="sealed")
    migrate(("bulk_admin", "0024_key_owner"))
    assert not ProviderAccount.objects.with_left_key().exists()
    assert {account.has_key for account in ProviderAccount.objects.exclude(encrypted_key="")} == {
        True
    }


PAGES_BY_KEY = ("bulk_admin", "0019_pages_by_their_key")
PAGES_BY_LINK = ("bulk_admin", "0018_brakes")
# What was once released: before the generator had rooms, with them, and with the brakes.
RELEASED = ["0004_name_days_of_spend", "0012_bounds_of_numbers", "0018_brakes"]


def old_site(apps, images=5, pages=2, name="Old"):
    """A job with pictures, of which some have pages, as the apps had them; the pages' keys."""
    platform = {"is_platform": True} if has_field(apps, "ProviderAccount", "is_platform") else {}
    account = apps.get_model("bulk_admin", "ProviderAccount").objects.create(
        provider="placeholder", label=name, **platform
    )
    category = apps.get_model("prompts", "Category").objects.create(name=name, slug=name)
    page_model = apps.get_model("prompts", "Prompt")
    slugs = [f"{name}-{n}" for n in range(pages)]
    made = [page_model(title="A fox", slug=slug, variants=[]) for slug in slugs]
    page_model.objects.bulk_create(made)
    ours = page_model.objects.filter(slug__in=slugs)
    keys = list(ours.order_by("pk").values_list("pk", flat=True))
    job = apps.get_model("bulk_admin", "BulkGenerationJob").objects.create(
        name=name,
        account=account,
        category=category,
        page_tags="fox, snow",
        page_visibility="private",
        pages_created=pages,
    )
    image = apps.get_model("bulk_admin", "GeneratedImage")
    image.objects.bulk_create(
        image(
            job=job,
            position=n + 1,
            prompt_page_id=keys[n] if n < pages else None,
            page_status="created" if n < pages else "none",
        )
        for n in range(images)
    )
    return keys


def has_field(apps, model, name):
    return name in {field.name for field in apps.get_model("bulk_admin", model)._meta.fields}


def rows(apps, model):
    return list(apps.get_model("bulk_admin", model).objects.order_by("pk").values())


@pytest.mark.django_db(transaction=True)
def test_a_site_of_a_thousand_pictures_goes_forward_back_and_forward_again(migrate):
    before = migrate(PAGES_BY_LINK)
    keys = old_site(before, images=1000, pages=200)
    images, jobs = rows(before, "GeneratedImage"), rows(before, "BulkGenerationJob")
    found = []
    for _ in range(2):
        apps = migrate(PAGES_BY_KEY)
        found.append((rows(apps, "GeneratedImage"), rows(apps, "BulkGenerationJob")))
        apps = migrate(PAGES_BY_LINK)
        assert rows(apps, "GeneratedImage") == images
        assert rows(apps, "BulkGenerationJob") == jobs
    assert found[0] == found[1]
    assert [row["page_id"] for row in found[0][0]] == [*map(str, keys), *[None] * 800]


@pytest.mark.django_db(transaction=True)
def test_what_was_released_is_upgraded_with_its_pages(migrate):
    """Each release leaves its rows, and all of them go on to the next."""
    keys = {}
    for release in RELEASED:
        old = {"prompts": "0001_initial"} if release == RELEASED[0] else {}
        apps = migrate(("bulk_admin", release), *old.items())
        keys[release] = old_site(apps, name=release)
    now = migrate(*executor.MigrationExecutor(connection).loader.graph.leaf_nodes())
    jobs = rows(now, "BulkGenerationJob")
    assert {job["name"] for job in jobs} == set(RELEASED)
    for job in jobs:
        pages_of = keys[job["name"]]
        images = [row for row in rows(now, "GeneratedImage") if row["job_id"] == job["id"]]
        assert [row["page_id"] for row in images] == [*map(str, pages_of), None, None, None]
        assert (job["pages_created"], job["page_options"]["tags"]) == (2, "fox, snow")
        assert job["page_options"]["visibility"] == "private"
        pages = now.get_model("prompts", "Prompt").objects.filter(pk__in=pages_of)
        assert set(pages.values_list("job_ref", "job_label")) == {(str(job["id"]), job["name"])}
    assert MigrationLoader(connection).applied_migrations.keys() >= {
        ("bulk_admin", "0022_rewriting")
    }


@pytest.mark.django_db(transaction=True)
def test_on_the_way_back_a_picture_whose_page_is_gone_is_free_again(migrate):
    now = migrate(PAGES_BY_KEY)
    account = now.get_model("bulk_admin", "ProviderAccount").objects.create(
        provider="placeholder", label="Old", is_platform=True
    )
    job = now.get_model("bulk_admin", "BulkGenerationJob").objects.create(
        name="Old", account=account, pages_created=2, page_options={"category": 12345}
    )
    for position, gone in enumerate(("404404", "another-site-s-key"), 1):
        now.get_model("bulk_admin", "GeneratedImage").objects.create(
            job=job, position=position, page_id=gone, page_status="created"
        )
    before = migrate(PAGES_BY_LINK)
    found = before.get_model("bulk_admin", "GeneratedImage").objects
    assert set(found.values_list("prompt_page", "page_status")) == {(None, "none")}
    old = before.get_model("bulk_admin", "BulkGenerationJob").objects.get()
    assert (old.pages_created, old.category_id, old.page_visibility) == (0, None, "public")
