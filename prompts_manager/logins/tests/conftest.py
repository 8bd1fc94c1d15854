from __future__ import annotations

import pytest
from django.test import Client

from bulk_admin.testing.factories import make_user


@pytest.fixture
def client_of(db):
    """A browser in which a user with these permissions is logged in."""

    def log_in(*permissions, name="somebody", **fields):
        client = Client()
        client.force_login(make_user(name, *permissions, **fields))
        return client

    return log_in
