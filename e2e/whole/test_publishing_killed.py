"""A worker that is killed while it publishes or takes back leaves nothing half done for good."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.utils import timezone

from bulk_admin.services.storage import private
from bulk_admin.tests.support import processes
from prompts.models import Prompt
from prompts.services import b2_upload, page_files, publish_queue, publish_worker
from prompts.tests.making import make_page

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
RUN = "from prompts.tasks import publish_due; publish_due()"
KILLED = -9


def killed_at(moment: str, tmp_path: Path) -> None:
    """A worker's step in a process of its own, which ends as by ``kill -9`` at this moment."""
    log = tmp_path / "worker.log"
    process = processes.start(("shell", "-c", RUN), log, {"BULK_FAIL_AT": moment})
    try:
        assert process.wait(processes.PATIENCE) == KILLED, log.read_text()
    finally:
        processes.kill(process)


@pytest.fixture
def page() -> Prompt:
    name = f"killed-fox-{uuid.uuid4().hex}"  # the folder of public files is every test process's
    return make_page(
        is_stored=True,
        status="draft",
        published=None,
        image=f"pages/{name}.png",
        variants=[{"key": f"pages/{name}-300.webp", "width": 300, "height": 300}],
    )


def public_files(page: Prompt) -> int:
    return sum(b2_upload.exists(key) for key in page_files.keys_of(page))


def lease_ends() -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    assert Prompt.objects.exclude(files_claim=None).update(files_not_before=past) == 1


def test_what_was_copied_before_the_kill_is_published_after_the_lease(page, tmp_path):
    publish_queue.request_publishing([page], None)
    killed_at("public_files_copied", tmp_path)
    publish_worker.run()
    page.refresh_from_db()
    assert (page.status, public_files(page)) == ("draft", 2), "its claim still holds"
    lease_ends()
    publish_worker.run()
    page.refresh_from_db()
    assert (page.status, page.files_claim, public_files(page)) == ("published", None, 2)


def test_what_was_copied_before_the_kill_is_hidden_when_the_page_is_taken_back(page, tmp_path):
    publish_queue.request_publishing([page], None)
    killed_at("public_files_copied", tmp_path)
    publish_queue.unpublish([page], None)
    lease_ends()
    publish_worker.run()
    page.refresh_from_db()
    assert (page.status, page.has_public_copy, public_files(page)) == ("draft", False, 0)


def test_taking_back_is_finished_after_the_kill(page, tmp_path):
    publish_queue.request_publishing([page], None)
    publish_worker.run()
    publish_queue.unpublish([page], None)
    killed_at("private_copy_noted", tmp_path)
    page.refresh_from_db()
    assert (page.status, page.has_public_copy, public_files(page)) == ("draft", True, 2)
    lease_ends()
    publish_worker.run()
    page.refresh_from_db()
    assert (page.has_public_copy, public_files(page)) == (False, 0)
    assert private.exists(page.draft_folder + page_files.name_of(page.image))
