"""`make run` sets up once: a login that is kept, a sample job that is made once."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from bulk_admin.models import BulkGenerationJob, JobStatus
from bulk_admin.testing.factories import make_job
from bulk_admin.tests.support.processes import ROOT
from prompts_manager.management import sample
from prompts_manager.management.commands.prepare import login


@pytest.fixture
def laptop(settings, tmp_path):
    settings.DEBUG = True
    settings.BASE_DIR = tmp_path
    return tmp_path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def logs_in(password):
    client = Client()
    client.post("/admin/login/", {"username": "staff", "password": password})
    return client.get("/admin/").status_code == 200


def prepare(port=0):
    out = io.StringIO()
    call_command("prepare", port=port or free_port(), stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_login_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    file = tmp_path / ".staff-login"
    password = login(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert logs_in(password)
    assert get_user_model().objects.get().is_superuser
    assert login(file) == password


@pytest.mark.django_db
def test_a_new_database_gets_the_login_that_the_file_holds(tmp_path):
    file = tmp_path / ".staff-login"
    password = login(file)
    get_user_model().objects.all().delete()

    assert login(file) == password
    assert logs_in(password)


@pytest.mark.django_db
def test_a_password_that_staff_changed_is_left_alone(tmp_path):
    file = tmp_path / ".staff-login"
    login(file)
    user = get_user_model().objects.get(username="staff")
    user.set_password("my own")
    user.save()
    login(file)

    assert logs_in("my own")


@pytest.mark.django_db
def test_a_lost_file_gets_a_new_password(tmp_path):
    file = tmp_path / ".staff-login"
    login(file)
    file.unlink()

    assert logs_in(login(file))


@pytest.mark.django_db
def test_the_first_run_generates_the_sample_job_and_every_run_tells_where_it_is(laptop):
    first, second = prepare(), prepare()

    job = BulkGenerationJob.objects.get()
    assert (job.name, job.total, job.status, job.provider) == (
        sample.NAME,
        24,
        JobStatus.PENDING,
        "placeholder",
    )
    assert str(job.pk) in first
    assert str(job.pk) in second
    assert (laptop / ".staff-login").read_text().strip() in second


def test_make_run_is_quiet_unless_asked_otherwise():
    """The worker's lines would push the login out of sight."""
    plain = {name: value for name, value in os.environ.items() if name != "LOG_LEVEL"}
    for asked, level in ({}, "WARNING"), ({"LOG_LEVEL": "INFO"}, "INFO"):
        done = subprocess.run(
            ["make", "-f", "Makefile", "-f", "-", "-o", ".env", "-o", ".venv/.installed", "run"],
            input="run: ; @echo level $$LOG_LEVEL",  # a target's last recipe replaces the others
            cwd=ROOT,
            env=plain | asked,
            capture_output=True,
            text=True,
        )
        assert done.stdout.split()[-2:] == ["level", level], done


@pytest.mark.django_db
def test_a_site_with_jobs_of_its_own_gets_no_sample_job(laptop):
    make_job()

    assert "Sample job" not in prepare()
    assert BulkGenerationJob.objects.count() == 1


@pytest.mark.django_db
def test_a_taken_port_is_reported_before_anything_is_done(laptop):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=rf"Port {port} is taken.*PORT={port + 1} make run"):
            prepare(port)

    assert not (laptop / ".staff-login").exists()


def test_without_debug_nothing_is_set_up(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="needs DEBUG"):
        prepare()


def test_the_sample_prompts_are_24():
    blocks = sample.FILE.read_text().split("\n---\n")

    assert len({" ".join(block.split()) for block in blocks}) == 24
