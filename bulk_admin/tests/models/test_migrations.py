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
