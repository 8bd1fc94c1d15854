"""A job's note: written under More, read on its page and in the list."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from bulk_admin.models import JobStatus
from bulk_admin.services.jobs import notes
from bulk_admin.testing.factories import make_job, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    return make_job(1, JobStatus.COMPLETED)


@pytest.fixture
def write(client, job):
    address = reverse("admin:bulk_admin_bulkgenerationjob_act", args=[job.pk, "note"])
    return lambda text: client.post(address, {"note": text})


def test_it_is_shown_on_the_page_and_in_the_list_as_text(client, staff, job, write):
    client.force_login(staff)
    before = job.revision
    answer = write("For <b>May</b>\r\nsecond\x00 line ")
    assert "For &lt;b&gt;May&lt;/b&gt;<br>second line" in answer.content.decode()
    job.refresh_from_db()
    assert (job.note, job.revision) == ("For <b>May</b>\nsecond line", before + 1)
    assert "For &lt;b&gt;May&lt;/b&gt;<br>" in client.get(job.get_absolute_url()).content.decode()
    listed = client.get(reverse("admin:bulk_admin_bulkgenerationjob_changelist"))
    assert "For &lt;b&gt;May&lt;/b&gt;" in listed.content.decode()


def test_a_second_press_changes_nothing_and_what_is_too_long_is_cut(client, staff, job, write):
    client.force_login(staff)
    for _ in range(2):
        write("x" * (notes.LONGEST + 1))
    job.refresh_from_db()
    assert len(job.note) == notes.LONGEST
    assert LogEntry.objects.filter(object_id=str(job.pk)).count() == 1


def test_who_only_looks_may_not_write_it(client, job, write):
    client.force_login(make_user("viewer", "bulk_admin.view_bulkgenerationjob"))
    assert write("Mine").status_code == 403
    more = reverse("admin:bulk_admin_bulkgenerationjob_ask", args=[job.pk, "more"])
    assert 'name="note"' not in client.get(more).content.decode()
    job.refresh_from_db()
    assert job.note == ""
