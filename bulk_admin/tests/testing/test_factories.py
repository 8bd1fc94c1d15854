"""The factories make rows that the database accepts, with counters that agree with a recount."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from django.db import connection

from bulk_admin.models import ImageModel, ImageStatus, JobStatus, PageStatus
from bulk_admin.testing.factories import counters, make_call, make_image, make_job
from bulk_admin.tests.support.processes import ROOT, environment


@pytest.mark.django_db
@pytest.mark.parametrize("status", JobStatus.values)
def test_a_made_job_has_true_counters_whatever_its_status(status):
    job = make_job(4, status, images_per_prompt=2)

    assert {name: getattr(job, name) for name in counters(job)} == counters(job)
    assert job.images.count() == (4 if status == JobStatus.DRAFT else 8)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ImageStatus.values)
def test_an_added_image_is_counted(status):
    job = make_job(2)
    image = make_image(job, status)

    assert {name: getattr(job, name) for name in counters(job)} == counters(job)
    assert image.revision == job.revision
    make_call(image)


@pytest.mark.django_db
def test_a_created_page_has_a_page():
    assert make_image(make_job(), page_status=PageStatus.CREATED).prompt_page is not None


def test_no_test_reaches_beyond_loopback():
    with pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_seeded_catalogue_is_there_again_after_a_transactional_test(turn):
    models = ImageModel.objects.all()
    assert models.exists()
    models.delete()


@pytest.mark.django_db(transaction=True)
def test_another_process_can_open_the_test_database():
    job = make_job(2)
    code = (
        "import django; django.setup(); from bulk_admin.models import BulkGenerationJob;"
        " print(BulkGenerationJob.objects.get().name)"
    )

    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment({}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.stdout.strip() == job.name, run.stderr
    assert connection.vendor in ("sqlite", "postgresql")
