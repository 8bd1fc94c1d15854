"""What the run on PostgreSQL leaves out."""

from __future__ import annotations

import pytest

from bulk_admin.tests.support.second_run import may_differ


@pytest.mark.django_db
def test_a_test_that_asks_a_database_may_differ(request):
    assert may_differ(request.node)


def test_so_may_one_that_asks_by_a_fixture(request, staff):
    assert may_differ(request.node)


@pytest.mark.one_database
@pytest.mark.django_db
def test_one_that_is_marked_may_not(request):
    assert not may_differ(request.node)


def test_one_that_asks_none_may_not(request):
    assert not may_differ(request.node)
