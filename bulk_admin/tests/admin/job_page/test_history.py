"""A job's history page."""

from __future__ import annotations

import pytest

from bulk_admin.testing.factories import make_job, make_user

JOB = "/admin/bulk_admin/bulkgenerationjob"


@pytest.mark.django_db
def test_it_shows_who_did_what_and_is_linked(client):
    job = make_job(2, created_by=make_user("anna"))
    client.force_login(make_user("bert", is_superuser=True))
    client.post(f"{JOB}/{job.pk}/act/pause/")
    page = client.get(f"{JOB}/{job.pk}/history/").content.decode()
    assert "Paused the job." in page
    assert "bert" in page
    more = client.get(f"{JOB}/{job.pk}/ask/more/").content.decode()
    assert f'href="{JOB}/{job.pk}/history/"' in more


@pytest.mark.django_db
def test_who_may_not_see_jobs_sees_no_history(client):
    client.force_login(make_user("guest"))
    assert client.get(f"{JOB}/{make_job(1).pk}/history/").status_code == 403
