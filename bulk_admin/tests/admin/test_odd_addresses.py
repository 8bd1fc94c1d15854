"""Addresses and forms that no page of ours makes: an id that cannot be one is an answer, never a
500.
"""

from __future__ import annotations

import pytest

from bulk_admin.models import JobStatus
from bulk_admin.testing.factories import make_job

pytestmark = pytest.mark.django_db
JOBS, PICTURES = "/admin/bulk_admin/bulkgenerationjob/", "/admin/bulk_admin/generatedimage/"
IDS = ["abc", "0", "-1", "99999999999999999999", "9" * 40, "%00", "1.5", "x" * 500, "²", "٣"]
OF_A_JOB = (
    "change/",
    "delete/",
    "history/",
    "status/",
    "select/",
    "ask/cancel/",
    "act/pause/",
    "image/1/reroll/",
)
OF_A_SHEET = ("include/", "row/1/", "generate/", "discard/", "form/")
OF_A_PICTURE = ("change/", "delete/", "history/", "file/300/", "file/original/")


@pytest.fixture
def superuser_client(client, superuser):
    client.force_login(superuser)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("verb", ["get", "post"])
@pytest.mark.parametrize("odd", IDS)
def test_no_address_with_an_odd_id_breaks(superuser_client, verb, odd):
    addresses = [f"{JOBS}{odd}/{end}" for end in OF_A_JOB] + [
        f"{JOBS}{odd}/sheet/{end}" for end in OF_A_SHEET
    ]
    addresses += [f"{PICTURES}{odd}/{end}" for end in OF_A_PICTURE]
    statuses = {
        address: getattr(superuser_client, verb)(address).status_code for address in addresses
    }
    assert max(statuses.values()) < 500, statuses


@pytest.mark.parametrize("odd", IDS)
def test_no_odd_id_inside_a_job_breaks(superuser_client, odd):
    for job in (make_job(1, JobStatus.COMPLETED), make_job(1, JobStatus.DRAFT)):
        address = f"{JOBS}{job.pk}/"
        answers = [
            superuser_client.post(f"{address}{end}", {"ids": odd, "wanted": "1"})
            for end in ("select/", "act/create_pages/", "sheet/include/")
        ]
        answers += [
            superuser_client.post(f"{address}{end}", {"text": "A fox"})
            for end in (f"image/{odd}/reroll/", f"sheet/row/{odd}/")
        ]
        answers.append(superuser_client.get(f"{address}status/", {"seen": odd, "digest": odd}))
        assert max(answer.status_code for answer in answers) < 500


@pytest.mark.parametrize(
    ("page", "odd"),
    [
        (JOBS, "abc"),
        (JOBS, "99999999999999999999"),
        (JOBS, "1_000"),
        (PICTURES, "abc"),
        (PICTURES, "99999999999999999999"),
        (PICTURES, "²"),
        (PICTURES, "1.5"),
    ],
)
def test_a_tick_that_can_not_be_an_id_is_not_found(superuser_client, page, odd):
    job = make_job(1, JobStatus.COMPLETED)
    good = job.pk if page == JOBS else job.images.get().pk
    assert (
        superuser_client.post(
            page, {"action": "create_pages", "_selected_action": [good]}
        ).status_code
        == 200
    )
    assert (
        superuser_client.post(
            page, {"action": "create_pages", "_selected_action": [good, odd]}
        ).status_code
        == 404
    )
