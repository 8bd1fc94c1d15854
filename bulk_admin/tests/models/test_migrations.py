"""Migrations that carry rows over."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

WHOSE = ("bulk_admin", "0006_whose_an_account_is")
WHO_ASKED = ("bulk_admin", "0014_who_asked_for_old_rows")


@pytest.fixture
def migrate(transactional_db):
    """Back or forth to a migration; the newest ones stand again after the test."""

    def to(*targets):
        executor = MigrationExecutor(connection)
        executor.migrate(list(targets))
        return executor.loader.project_state(list(targets)).apps

    yield to
    to(*MigrationExecutor(connection).loader.graph.leaf_nodes())


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


PAGES_BY_KEY = ("bulk_admin", "0019_pages_by_their_key")
PAGES_BY_LINK = ("bulk_admin", "0018_brakes")


@pytest.mark.django_db(transaction=True)
def test_pages_and_what_was_chosen_for_them_go_forward_back_and_forward_again(migrate):
    before = migrate(PAGES_BY_LINK)
    account = before.get_model("bulk_admin", "ProviderAccount").objects.create(
        provider="placeholder", label="Old", is_platform=True
    )
    category = before.get_model("prompts", "Category").objects.create(name="Sea", slug="sea")
    pages = [
        before.get_model("prompts", "Prompt").objects.create(title="A fox", slug=f"fox-{n}")
        for n in range(2)
    ]
    job = before.get_model("bulk_admin", "BulkGenerationJob").objects.create(
        name="Old",
        account=account,
        category=category,
        page_tags="fox, snow",
        page_visibility="private",
        pages_created=2,
    )
    images = before.get_model("bulk_admin", "GeneratedImage").objects
    for position, page in enumerate([*pages, None], 1):
        images.create(
            job=job,
            position=position,
            prompt_page=page,
            page_status="created" if page else "none",
        )
    keys = [page.pk for page in pages]
    for _ in range(2):
        apps = migrate(PAGES_BY_KEY)
        found = apps.get_model("bulk_admin", "GeneratedImage").objects.order_by("position")
        assert list(found.values_list("page_id", flat=True)) == [*map(str, keys), None]
        assert apps.get_model("bulk_admin", "BulkGenerationJob").objects.get().page_options == {
            "category": category.pk,
            "tags": "fox, snow",
            "visibility": "private",
        }
        apps = migrate(PAGES_BY_LINK)
        found = apps.get_model("bulk_admin", "GeneratedImage").objects.order_by("position")
        assert list(found.values_list("prompt_page", flat=True)) == [*keys, None]
        old = apps.get_model("bulk_admin", "BulkGenerationJob").objects.get()
        assert (old.category_id, old.page_tags, old.page_visibility) == (
            category.pk,
            "fox, snow",
            "private",
        )


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
