"""A request that is too large is refused before it is read."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from bulk_admin.admin.door import MAX_BODY

FORM = "/admin/bulk_admin/bulkgenerationjob/add/"


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
