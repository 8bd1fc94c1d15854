"""Addresses and forms that no page of ours makes: an id that cannot be one is an answer, never a
500.
"""

from __future__ import annotations

import pytest
from django import forms
from django.contrib import admin
from django.urls import reverse

from bulk_admin.admin.fields import PlainJSONField
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
    "tiles/",
    "decide/",
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
            superuser_client.post(
                f"{address}{end}", {"ids": odd, "steps": f'[{{"keep": "{odd}"}}]'}
            )
            for end in ("decide/", "act/create_pages/", "sheet/include/")
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
def test_a_tick_that_cannot_be_an_id_is_not_found(superuser_client, page, odd):
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


ODD = ["9999", "9" * 20, "\0"]
ADMINS = list(admin.site._registry.items())


def parameters(model_admin):
    """What an address of its list may say: pages, ids, dates, and each of its filters."""
    dated = model_admin.date_hierarchy
    names = [each[0] if isinstance(each, tuple) else each for each in model_admin.list_filter]
    own = [each.parameter_name for each in names if isinstance(each, type)]
    fields = [
        f"{name}__{end}"
        for name in names
        if isinstance(name, str)
        for end in ("exact", "id__exact", "gte")
    ]
    return ["p", "q", "o", "id__exact", *own, *fields, *([f"{dated}__year"] if dated else [])]


@pytest.mark.parametrize(("model", "model_admin"), ADMINS, ids=str)
def test_no_list_breaks_on_what_its_address_says(superuser_client, model, model_admin):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    broken = [
        (name, odd[:20])
        for name in parameters(model_admin)
        for odd in ODD
        if superuser_client.get(address, {name: odd}).status_code >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("ends", [{}, {"sent_at__month": "12"}, {"sent_at__month": "9" * 30}])
def test_the_last_year_that_there_is_is_no_list(superuser_client, ends):
    address = reverse("admin:bulk_admin_providercall_changelist")
    response = superuser_client.get(address, {"sent_at__year": "9999", **ends})
    assert (response.status_code, response["Location"]) == (302, f"{address}?e=1")


@pytest.mark.parametrize(("model", "model_admin"), ADMINS, ids=str)
def test_every_json_box_of_the_admin_is_bounded(rf, superuser, model, model_admin):
    request = rf.get("/")
    request.user = superuser
    if not model_admin.has_change_permission(request):
        return  # nothing is written there
    found = [model_admin.get_form(request, model(), change=True)]
    found += [each.get_formset(request).form for each in model_admin.get_inline_instances(request)]
    boxes = [
        (name, field)
        for form in found
        for name, field in form.base_fields.items()
        if isinstance(field, forms.JSONField)
    ]
    assert all(isinstance(field, PlainJSONField) for _, field in boxes), boxes


@pytest.mark.parametrize(
    "address",
    [
        f"{PICTURES}?status__exact=%00",
        f"{PICTURES}?q=a%00b",
        f"{JOBS}?created__gte=%00",
        "/admin/django_q/success/%00/change/",
        "/admin/login/?next=%00",
    ],
)
def test_an_address_with_a_nul_is_not_found(superuser_client, address):
    assert superuser_client.get(address).status_code == 404


def test_a_percent_sign_before_two_noughts_is_no_nul(superuser_client):
    assert superuser_client.get(f"{PICTURES}?q=%2500").status_code == 200
