"""The admin: one module per ModelAdmin; importing them registers them."""

from __future__ import annotations

from . import accounts, catalogue, images, jobs, ledger, queue  # noqa: F401  # registers
