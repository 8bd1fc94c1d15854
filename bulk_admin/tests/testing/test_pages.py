"""The small pages' adapter does what every page adapter must."""

from __future__ import annotations

from django.test import TestCase

from bulk_admin.testing.page_contract import PageAdapterContract
from bulk_admin.testing.pages.adapter import SmallPages


class SmallPagesTest(PageAdapterContract, TestCase):
    adapter = SmallPages()
