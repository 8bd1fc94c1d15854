"""A request that is too large is refused before it is read."""

from __future__ import annotations

import itertools
import socket
from urllib.parse import urlencode, urlsplit

import pytest

from bulk_admin.services.storage import private
from bulk_admin.testing.factories import make_user
from bulk_admin.tests.support import web
from bulk_admin.tests.support.upload_site import KEY
from bulk_admin.uploads import MAX_BODY, MB

pytestmark = pytest.mark.one_database
FORM = "/admin/bulk_admin/bulkgenerationjob/add/"
TAKE = "/admin/take/"


def answer_to(live_server, *lines):
    """The first line of the answer to a request of which only the head is ever sent."""
    where = urlsplit(live_server.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        head = [*lines, f"Host: {where.netloc}", "Content-Type: text/plain", "", ""]
        connection.sendall("\r\n".join(head).encode())
        return connection.makefile("rb").readline().decode()


@pytest.mark.parametrize("address", ["/admin/login/", "/", FORM, "/no/such/page"])
@pytest.mark.django_db(transaction=True)
def test_the_head_alone_is_answered_when_it_promises_too_much(live_server, address):
    assert " 413 " in answer_to(
        live_server, f"POST {address} HTTP/1.1", f"Content-Length: {MAX_BODY + 1}"
    )


@pytest.mark.django_db(transaction=True)
def test_of_a_body_without_a_length_nothing_is_waited_for(live_server):
    found = answer_to(live_server, "POST /admin/login/ HTTP/1.1", "Transfer-Encoding: chunked")
    assert " 403 " in found  # no CSRF token in what was read, which is nothing


@pytest.mark.django_db
def test_a_job_form_is_answered_in_place(client, staff):
    client.force_login(staff)
    how = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(MAX_BODY + 1)}
    answer = client.generic("POST", FORM, b"", headers={"HX-Request": "true"}, **how)
    assert answer.status_code == 200
    assert answer["HX-Retarget"] == "#form-errors"
    assert "larger than the server takes" in answer.content.decode()


@pytest.mark.parametrize(("length", "status"), [(MAX_BODY, 200), (MAX_BODY + 1, 413), ("x", 200)])
@pytest.mark.django_db
def test_the_limit_is_met_exactly(client, length, status):
    assert client.get("/", CONTENT_LENGTH=str(length)).status_code == status


# --- under a real gunicorn, which hands on bodies without a length ------------------------------


@pytest.fixture
def site(tmp_path, settings, transactional_db, buckets):
    names = {
        alias: each["OPTIONS"]["bucket_name"]
        for alias, each in settings.STORAGES.items()
        if alias != "staticfiles"
    }
    env = {
        **buckets.environment(names["default"], names["private"]),
        "DJANGO_SETTINGS_MODULE": "bulk_admin.tests.support.upload_settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "ENV_FILE": "/dev/null",
        "DEBUG": "true",
    }
    with web.gunicorn(tmp_path / "gunicorn.log", **env) as site:
        yield site


def head(address, person=None, *, length=None, kind="multipart/form-data; boundary=x", **changes):
    how = {
        "Content-Type": kind,
        **({"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": length}),
        **(web.logged_in(person) if person else {}),
        **changes,
    }
    lines = [f"{name}: {value}" for name, value in how.items() if value != ""]
    return [f"POST {address} HTTP/1.1", *lines]


def endless():
    return itertools.repeat(b"x" * 65_536)


def test_a_body_without_a_length_is_read_and_cut_off_at_the_limit(site, staff):
    browser = web.logged_in(staff)
    said = {"username": "nobody-yet", "csrfmiddlewaretoken": browser["X-CSRFToken"]}
    form = urlencode(said).encode()
    kind = "application/x-www-form-urlencoded"
    login = head("/admin/login/", kind=kind, Cookie=browser["Cookie"])
    status, page = site.answer(login, web.chunked([form[:20], form[20:]]))
    assert (status, b'value="nobody-yet"' in page) == (200, True)
    for address in ("/", "/admin/login/", FORM, "/no/such/page"):
        assert site.answer(head(address), web.chunked(endless()))[0] == 413
    assert site.answer(head("/"), [b"no size\r\n"])[0] == 400
    # Who may not use an upload's address is answered without a byte of what it promises.
    nobody = head(TAKE, length=90 * MB)
    assert site.answer(nobody)[0] == 302
    stranger = make_user("stranger")
    assert site.answer(head(TAKE, stranger, length=90 * MB))[0] == 403
    assert site.answer(head(TAKE, staff, length=90 * MB, **{"X-CSRFToken": ""}))[0] == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert site.answer(head(TAKE, staff, length=90 * MB, **foreign))[0] == 403
    assert site.answer(head(TAKE, staff, length=100 * MB + 1))[0] == 413
    assert site.answer(head(TAKE, staff), web.chunked(endless()))[0] == 413
    assert not private.exists(KEY)


@pytest.mark.parametrize("has_length", [True, False])
def test_an_upload_is_kept_in_parts_and_never_held_in_memory(site, staff, buckets, has_length):
    piece, count = bytes(range(256)) * 4096, 99
    small = b"".join(web.multipart([b"1"], note="warm"))
    assert site.answer(head(TAKE, staff, length=len(small)), [small]) == (200, b"1 warm")
    before = site.peak_memory
    form = web.multipart(itertools.repeat(piece, count), note="kept")
    length = sum(map(len, web.multipart([b""], note="kept"))) + len(piece) * count
    request = head(TAKE, staff, length=length) if has_length else head(TAKE, staff)
    found = site.answer(request, form if has_length else web.chunked(form))
    assert found == (200, f"{len(piece) * count} kept".encode())
    assert site.peak_memory - before < 60 * MB
    with private.open_file(KEY) as kept:
        assert all(kept.read(len(piece)) == piece for _ in range(count))
        assert kept.read(1) == b""
