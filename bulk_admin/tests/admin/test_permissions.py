"""Every address of the job page, asked by everybody who might."""

from __future__ import annotations

import pytest
from django.urls import reverse

from bulk_admin.models import ImageStatus, JobStatus
from bulk_admin.testing.factories import make_image, make_job, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

VIEW = "bulk_admin.view_bulkgenerationjob"
PEOPLE = {
    "anonymous": None,
    "no staff": ((), {"is_staff": False}),
    "staff without permissions": ((), {}),
    "view only": ((VIEW,), {}),
    "owner": ((VIEW, "bulk_admin.generate"), {}),
    "stranger who generates": ((VIEW, "bulk_admin.generate"), {}),
    "change": ((VIEW, "bulk_admin.change_bulkgenerationjob"), {}),
    "change and spend": (
        (
            VIEW,
            "bulk_admin.change_bulkgenerationjob",
            "bulk_admin.generate",
            "bulk_admin.create_pages",
        ),
        {},
    ),
    "superuser": ((), {"is_superuser": True}),
}
LOGIN, NO, YES = 302, 403, 200
READ = {"anonymous": LOGIN, "no staff": LOGIN, "staff without permissions": NO}
ACT = READ | {"view only": NO, "stranger who generates": NO}
SPEND = ACT | {"change": NO}
PAGES = SPEND | {"owner": NO}

# name, further parts of the address, method, who is refused, a status that means yes
ADDRESSES = [
    ("change", (), "get", READ),
    ("status", (), "get", READ),
    ("file", ("original",), "get", READ),
    ("decide", (), "post", ACT),
    ("act", ("pause",), "post", ACT),
    ("act", ("cancel",), "post", ACT),
    ("ask", ("cancel",), "get", ACT),
    ("act", ("resume",), "post", SPEND),
    ("act", ("retry_failed",), "post", SPEND),
    ("act", ("create_pages",), "post", PAGES),
    ("act", ("stop_pages",), "post", PAGES),
    ("act", ("retry_pages",), "post", PAGES),
    ("ask", ("create_pages",), "get", PAGES),
    ("tray", (), "get", READ),
    ("tray_press", ("dismiss",), "post", ACT),
    ("tray_press", ("retry",), "post", SPEND),
    ("tray_reword", ("blocked",), "get", SPEND),
    ("image_act", ("accept_as_lost",), "post", ACT),
    ("image_act", ("reroll",), "post", SPEND),
    ("image_act", ("retry",), "post", SPEND),
    ("image_act", ("buy_again",), "post", SPEND),
    ("image_act", ("edit",), "post", SPEND),
    ("image_act", ("edit",), "get", SPEND),
]


def log_in(client, who):
    if PEOPLE[who] is None:
        return None
    granted, fields = PEOPLE[who]
    user = make_user(who.replace(" ", "-"), *granted, **fields)
    client.force_login(user)
    return user


def address(name, parts, job, image):
    if name == "file":
        return reverse("admin:bulk_admin_generatedimage_file", args=[image.pk, *parts])
    middle = [image.pk] if name == "image_act" else []
    return reverse(f"admin:bulk_admin_bulkgenerationjob_{name}", args=[job.pk, *middle, *parts])


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(
    ("name", "parts", "method", "refused"),
    ADDRESSES,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_address_asks_for_its_right(client, who, name, parts, method, refused):
    user = log_in(client, who)
    job = make_job(1, JobStatus.PROCESSING, created_by=user if who == "owner" else make_user())
    image = make_image(job, ImageStatus.COMPLETED, stored=True)
    sent = {"steps": "[]"} if name == "decide" else {}
    response = getattr(client, method)(address(name, parts, job, image), sent)
    response.close()
    expected = refused.get(who, YES)
    assert response.status_code in ((200, 286) if expected == YES else (expected,))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (name, parts)
        for name, parts, method, _ in ADDRESSES
        if method == "post" and parts != ("edit",)
    ],
)
def test_what_changes_something_is_never_done_by_get(client, superuser, name, parts):
    client.force_login(superuser)
    job = make_job(1, JobStatus.PROCESSING)
    image = make_image(job)
    before = job.revision
    assert client.get(address(name, parts, job, image)).status_code == 405
    job.refresh_from_db()
    assert job.revision == before


def test_a_job_that_is_not_there_or_still_a_draft_is_not_found(client, superuser):
    client.force_login(superuser)
    draft = make_job(1, JobStatus.DRAFT)
    gone = make_job(1)
    urls = [
        address(name, parts, job, draft.images.first())
        for job in (draft, gone)
        for name, parts, _, _ in ADDRESSES
        if name in ("status", "decide", "act")
    ]
    gone.delete()
    for url in urls:
        response = client.get(url) if "status" in url else client.post(url)
        assert response.status_code == 404


def test_a_press_without_the_csrf_token_is_refused(superuser):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)
    job = make_job(1)
    assert client.post(address("act", ("pause",), job, None)).status_code == 403


@pytest.mark.parametrize(
    ("who", "view_only"), [("view only", True), ("owner", False), ("change", False)]
)
def test_the_index_says_what_a_person_may_do_with_jobs(client, who, view_only):
    log_in(client, who)
    apps = client.get(reverse("admin:index")).context["app_list"]
    view_only_of = {
        model["object_name"]: model["view_only"] for app in apps for model in app["models"]
    }
    assert view_only_of["BulkGenerationJob"] is view_only


def test_a_right_to_generate_is_no_right_to_see_jobs(client):
    client.force_login(make_user("only", "bulk_admin.generate"))
    assert client.get(reverse("admin:bulk_admin_bulkgenerationjob_changelist")).status_code == NO
