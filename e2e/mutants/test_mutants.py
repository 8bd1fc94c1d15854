"""The broken rules that ``make mutants`` tries stand where it looks for them."""

from __future__ import annotations

import pytest

from bulk_admin.tests.rules.test_layering import ROOT
from e2e.mutants import MUTANTS

CONTRACT = ROOT / "bulk_admin/tests/providers/contract.py"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutants_text_stands_once_in_its_module(mutant):
    assert (ROOT / mutant.path).read_text().count(mutant.old) == 1, mutant.path
    assert mutant.new != mutant.old


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in MUTANTS}))
def test_the_tests_that_are_to_notice_exist(file):
    # A provider's tests come from the contract.
    text = (ROOT / file).read_text() + CONTRACT.read_text()
    wanted = {mutant.test for mutant in MUTANTS if mutant.file == file}
    assert not [name for name in sorted(wanted) if f"def {name}(" not in text]
