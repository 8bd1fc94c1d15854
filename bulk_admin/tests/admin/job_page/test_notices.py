"""Each person's own switches, under More."""

from __future__ import annotations

import pytest
from django.urls import reverse

from bulk_admin.models import JobStatus
from bulk_admin.services.person_settings import Name, remembered
from bulk_admin.testing.factories import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def more(client, staff):
    client.force_login(staff)
    address = reverse(
        "admin:bulk_admin_bulkgenerationjob_ask",
        args=[make_job(1, JobStatus.COMPLETED).pk, "more"],
    )
    return lambda: client.get(address).content.decode()


def test_mails_are_switched_off_where_the_site_sends_any(more, client, staff, settings):
    assert 'id="mail-notices"' not in more()
    settings.BULK = settings.BULK | {"SITE_URL": "https://pictures.example"}
    assert 'id="mail-notices" checked' in more()
    switch = reverse("admin:bulk_admin_bulkgenerationjob_remember", args=["mail_notices"])
    assert client.post(switch, {"value": "off"}).status_code == 204
    assert remembered(staff, Name.MAIL_NOTICES) == "off"
    assert 'id="mail-notices" checked' not in more()
    assert 'id="mail-notices"' in more()
