"""Our pages on an admin site of the project's own: another name, no middleware of ours, and the
packs and renderers of others.
"""

from __future__ import annotations

import pytest
from django.contrib.admin import AdminSite
from django.test import Client
from django.urls import NoReverseMatch, include, path, reverse
from django.urls.resolvers import URLPattern

from bulk_admin import addresses
from bulk_admin.admin import register_on
from bulk_admin.models import BulkGenerationJob, ImageModel
from bulk_admin.testing.factories import make_job
from bulk_admin.uploads import MAX_BODY

pytestmark = pytest.mark.django_db
BACKOFFICE = AdminSite(name="backoffice")
register_on(BACKOFFICE)
# Its pages for visitors, which the templates of its errors link to.
urlpatterns = [path("desk/", BACKOFFICE.urls), path("", include("prompts.urls"))]
NEW_JOB = "backoffice:bulk_admin_bulkgenerationjob_add"


@pytest.fixture
def site(settings):
    """A project that has nothing of ours but the app."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    settings.FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
    return settings


@pytest.fixture
def staff_page(site, superuser):
    client = Client()
    client.force_login(superuser, backend=site.AUTHENTICATION_BACKENDS[0])
    return client


def pages():
    jobs = {status: make_job(2, status) for status in ("draft", "processing")}
    image = jobs["processing"].images.first()
    yield NEW_JOB, ()
    for job in jobs.values():
        yield "backoffice:bulk_admin_bulkgenerationjob_change", (job.pk,)
    yield "backoffice:bulk_admin_bulkgenerationjob_status", (jobs["processing"].pk,)
    yield "backoffice:bulk_admin_bulkgenerationjob_health", ()
    yield "backoffice:bulk_admin_generatedimage_change", (image.pk,)
    for model in ("bulkgenerationjob", "generatedimage", "provideraccount", "imagemodel"):
        yield f"backoffice:bulk_admin_{model}_changelist", ()
    for model in ("providercall", "spend", "unstoredimage", "worker"):
        yield f"backoffice:bulk_admin_{model}_changelist", ()


def test_every_page_stands_there_and_links_to_no_other_site(staff_page):
    for name, ids in pages():
        answer = staff_page.get(reverse(name, args=ids))
        assert answer.status_code in (200, 503), name  # Health has no worker to show
        assert '="/admin/' not in answer.content.decode(), name


def test_a_job_is_written_reviewed_and_generated_there(staff_page, placeholder_account):
    model = ImageModel.objects.get(provider="placeholder")
    form = {"prompts": "a fox\na cat", "account": placeholder_account.pk, "model": model.name}
    form |= {"size": model.default_size, "images_per_prompt": 1, "page_shelf": "new"}
    form |= {"name": "Autumn", "quality": model.default_quality}
    review = staff_page.post(reverse(NEW_JOB), form, headers={"HX-Request": "true"})
    job = BulkGenerationJob.objects.get()
    assert review["HX-Redirect"] == job.get_absolute_url()
    assert job.get_absolute_url().startswith("/desk/")
    name = "backoffice:bulk_admin_bulkgenerationjob_sheet_generate"
    staff_page.post(reverse(name, args=[job.pk]), {"revision": job.revision})
    job.refresh_from_db()
    assert job.status == "pending"


def test_an_ended_session_leads_a_tile_to_the_login_page(site):
    address = reverse("backoffice:bulk_admin_bulkgenerationjob_status", args=[make_job().pk])
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/job/"}
    assert (
        Client().get(address, headers=here)["HX-Redirect"] == "/desk/login/?next=%2Fdesk%2Fjob%2F"
    )
    elsewhere = here | {"HX-Current-URL": "https://example.com/desk/job/"}
    assert Client().get(address, headers=elsewhere)["HX-Redirect"] == "/desk/login/?next=%2Fdesk%2F"
    assert Client().get(address).status_code == 302


def test_a_form_that_is_too_large_is_answered_in_place(staff_page, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    how = {"content_type": "application/x-www-form-urlencoded"}
    text = f"prompts={'x' * 5_000}"
    inside = staff_page.post(reverse(NEW_JOB), text, headers={"HX-Request": "true"}, **how)
    assert (inside.status_code, inside["HX-Retarget"]) == (200, "#form-errors")
    assert staff_page.post(reverse(NEW_JOB), text, **how).status_code == 413
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    fields = {f"field{number}": "1" for number in range(5)}
    refused = staff_page.post(reverse(NEW_JOB), fields, headers={"HX-Request": "true"})
    assert "more fields than the server takes" in refused.content.decode()


def test_no_page_stands_in_one_transaction_when_the_site_s_do():
    """ATOMIC_REQUESTS would hold locks while a provider answers."""
    for pattern in our_patterns():
        assert "default" in pattern.callback._non_atomic_requests, pattern


def test_what_promises_too_much_and_a_nul_are_refused(staff_page):
    lists = reverse("backoffice:bulk_admin_imagemodel_changelist")
    assert staff_page.get(lists, CONTENT_LENGTH=str(MAX_BODY + 1)).status_code == 413
    assert staff_page.get(f"{lists}?q=%00").status_code == 404


def test_a_number_that_no_database_takes_is_answered(staff_page):
    for model in ("bulkgenerationjob", "imagemodel", "providercall"):
        lists = reverse(f"backoffice:bulk_admin_{model}_changelist")
        assert staff_page.get(f"{lists}?pk={'9' * 25}").status_code in (200, 302)


def our_patterns() -> list[URLPattern]:
    models = [model for model in BACKOFFICE._registry if model._meta.app_label == "bulk_admin"]
    return [pattern for model in models for pattern in BACKOFFICE.get_model_admin(model).urls]


def values_for(pattern: URLPattern, job_id: object) -> dict[str, object]:
    values = {"UUIDConverter": job_id, "IntConverter": 1, "PathConverter": "1"}
    return {
        name: values.get(type(converter).__name__, "x")
        for name, converter in pattern.pattern.converters.items()
    }


def test_no_page_takes_a_press_without_its_token(site, superuser):
    """The door reads a form before the site's CSRF check would: it must not be left out."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser, backend=site.AUTHENTICATION_BACKENDS[0])
    job = make_job()
    named = [pattern for pattern in our_patterns() if pattern.name]  # the catch-all redirects
    assert len(named) > 50
    for pattern in named:
        values = values_for(pattern, job.pk)
        answer = client.post(reverse(f"backoffice:{pattern.name}", kwargs=values), {"a": "1"})
        assert answer.status_code == 403, pattern
        assert answer.templates[0].name == "403_csrf.html", pattern


@pytest.mark.parametrize("pack", ["bootstrap5", None])
def test_the_form_is_drawn_whatever_pack_the_project_has(staff_page, site, pack):
    if pack:
        site.CRISPY_TEMPLATE_PACK = pack
        site.CRISPY_ALLOWED_TEMPLATE_PACKS = (pack,)
    assert hasattr(site, "CRISPY_TEMPLATE_PACK") == bool(pack)
    page = staff_page.get(reverse(NEW_JOB)).content.decode()
    assert page.count('class="card"') > 3
    assert 'id="model-options"' in page


def test_addresses_are_those_of_the_site_that_is_mounted(site):
    assert addresses.admin_site() is BACKOFFICE
    site.ROOT_URLCONF = "prompts_manager.urls"
    assert addresses.admin_site().name == "admin"
    site.ROOT_URLCONF = "prompts.urls"
    with pytest.raises(NoReverseMatch):
        addresses.admin_url("index")
