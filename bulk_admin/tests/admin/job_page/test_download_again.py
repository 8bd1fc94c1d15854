"""A picture that was made and could not be downloaded keeps its address, and is fetched by a press:
nothing is bought for it.
"""

from __future__ import annotations

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import reverse

from bulk_admin.conf import conf
from bulk_admin.models import GeneratedImage, ProviderAccount, ProviderCall
from bulk_admin.services.worker import pump, rescue
from bulk_admin.testing import pictures
from bulk_admin.testing.factories import make_account, make_job, make_user
from bulk_admin.testing.loopback.wire import Answer, LoopbackServer
from bulk_admin.tests.support.auditor import audit

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = "https://files.example.invalid/a.png?signature=secret"


class Elsewhere(LoopbackServer):
    """Answers with an address; files of its own come once it is ``up``."""

    address = ""
    bought = 0
    up = False

    def answer(self, request):
        if request.path.startswith("/files/"):
            return Answer(200, pictures.png_bytes()) if self.up else Answer(503, b"")
        self.bought += 1
        return Answer(200, {"data": [{"url": self.address or f"{self.url}/files/a.png?sig=1"}]})


@pytest.fixture
def server():
    with Elsewhere() as running:
        yield running


@pytest.fixture
def waiting(server, settings, tmp_path):
    """Makes a job of one picture that could not be downloaded."""
    settings.BULK = settings.BULK | {"PUMP_LOCK": str(tmp_path / "pump.lock")}

    def make(address=""):
        server.address = address
        job = make_job(1, account=make_account("openai_compatible", base_url=server.url))
        pump.run()
        image = job.images.get()
        assert (image.status, server.bought) == ("unknown", 1)
        return image

    return make


@pytest.fixture
def keeper(client):
    permissions = ("bulk_admin.view_bulkgenerationjob", "bulk_admin.manage_accounts")
    client.force_login(make_user("keeper", *permissions))
    return client


def press(client, image, action, **data):
    name = "admin:bulk_admin_bulkgenerationjob_image_act"
    response = client.post(reverse(name, args=[image.job_id, image.pk, action]), data)
    assert response.status_code == 200
    return json.loads(response["HX-Trigger"])["bulk:say"]["text"]


def page(client, image):
    url = reverse("admin:bulk_admin_bulkgenerationjob_change", args=[image.job_id])
    return client.get(url).content.decode()


def test_it_is_downloaded_by_a_press_and_nothing_is_bought(server, waiting, keeper):
    image = waiting()
    assert "HTTP 503" in image.error_message
    ProviderAccount.objects.update(options={"download_hosts": [image.download_host]})
    assert "Download again" in page(keeper, image)
    seen = {"seen_attempt": image.attempt}
    assert "HTTP 503. Nothing was bought." in press(keeper, image, "download_again", **seen)
    server.up = True
    assert "nothing was bought" in press(keeper, image, "download_again", **seen)
    image.refresh_from_db()
    call = ProviderCall.objects.get()
    assert (image.status, call.state, call.encrypted_address) == ("completed", "delivered", "")
    assert server.bought == 1
    assert LogEntry.objects.filter(change_message="Downloaded 1.1 again.").count() == 1
    assert "Already done" in press(keeper, image, "download_again", **seen)
    assert audit() == []


def test_the_rescue_looks_there_too(server, waiting):
    image = waiting()
    server.up = True
    rescue.look_up(ProviderCall.objects.get())
    image.refresh_from_db()
    assert (image.status, server.bought) == ("completed", 1)


def test_a_host_is_named_and_allowed_first_and_its_address_is_judged_again(server, waiting, keeper):
    image = waiting(ELSEWHERE)
    assert "the host files.example.invalid is not allowed" in image.error_message
    body = page(keeper, image)
    assert "Allow files.example.invalid" in body and "Download again" not in body
    seen = {"seen_attempt": image.attempt}
    assert "is not allowed" in press(keeper, image, "download_again", **seen)
    assert "are allowed now" in press(keeper, image, "allow_host")
    account = ProviderAccount.objects.get(pk=image.job.account_id)
    assert account.download_hosts == ["files.example.invalid"]
    assert "Allowed downloads from files.example.invalid." in LogEntry.objects.values_list(
        "change_message", flat=True
    )
    assert "Already done" in press(keeper, image, "allow_host")
    body = page(keeper, image)
    assert "Download again" in body and "Allow files" not in body
    assert "its name is not known" in press(keeper, image, "download_again", **seen)
    assert server.bought == 1


@pytest.mark.parametrize("address", ["https://127.0.0.1/a.png", "https://10.0.0.7/a.png"])
def test_an_allowed_host_inside_the_network_is_refused_still(waiting, keeper, address):
    image = waiting(address)
    ProviderAccount.objects.update(
        private_network=False, options={"download_hosts": [image.download_host]}
    )
    said = press(keeper, image, "download_again", seen_attempt=image.attempt)
    assert "inside the network" in said


def test_the_address_is_kept_encrypted_and_shown_to_nobody(waiting, keeper, settings):
    image = waiting(ELSEWHERE)
    call = ProviderCall.objects.get()
    assert call.encrypted_address and "secret" not in call.encrypted_address
    assert "signature" not in page(keeper, image)
    assert "signature" not in str(list(GeneratedImage.objects.values()))
    old = conf.CREDENTIAL_KEYS or [settings.SECRET_KEY]
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["a new key", *old]}
    call_command("rotate_keys")
    settings.BULK = settings.BULK | {"CREDENTIAL_KEYS": ["a new key"]}
    said = press(keeper, image, "download_again", seen_attempt=image.attempt)
    assert "is not allowed" in said, "it was read with the new key"


def test_only_who_manages_accounts_allows_and_downloads(waiting, client, staff):
    image = waiting(ELSEWHERE)
    client.force_login(staff)
    assert "Allow files" not in page(client, image)
    for action in ("allow_host", "download_again"):
        name = "admin:bulk_admin_bulkgenerationjob_image_act"
        url = reverse(name, args=[image.job_id, image.pk, action])
        assert client.post(url, {"seen_attempt": image.attempt}).status_code == 403
