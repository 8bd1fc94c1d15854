"""The admin of the pages; importing it registers them."""

from __future__ import annotations

from . import pages, tags, taxonomy  # noqa: F401  # registers
