"""The admin: one module per ModelAdmin; importing them registers them."""

from __future__ import annotations

from . import images, jobs  # noqa: F401  # registers
