from __future__ import annotations

import pytest
from django.test import Client

from bulk_admin.testing.factories import make_user


@pytest.fixture
def client_of(db):
    """A browser in which somebody with these rights is logged in."""

    def log_in(*rights, name="somebody", **fields):
        client = Client()
        client.force_login(make_user(name, *rights, **fields))
        return client

    return log_in
