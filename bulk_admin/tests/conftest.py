"""The generator's own tests make small pages: what they need is a page, not PromptFinder's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings


@pytest.fixture(scope="package", autouse=True)
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(settings.BULK, "PAGES", "bulk_admin.testing.pages.adapter.SmallPages")
        yield
