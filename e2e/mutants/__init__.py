"""Each rule about money and pages broken once, and the quick test that notices."""

from __future__ import annotations

from . import accounts, buying, jobs, pages, settling
from .mutant import Mutant

MUTANTS: list[Mutant] = [
    *accounts.MUTANTS,
    *buying.MUTANTS,
    *settling.MUTANTS,
    *jobs.MUTANTS,
    *pages.MUTANTS,
]
