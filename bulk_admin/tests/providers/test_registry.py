from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from bulk_admin.services.image_providers import PROVIDERS, provider_choices, provider_class

from .contract import ProviderContract


def contract_classes() -> set[str]:
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        module = importlib.import_module(f"{__package__}.{path.stem}")
        found |= {
            kind.provider
            for name, kind in vars(module).items()
            if name.startswith("Test") and issubclass(kind, ProviderContract)
        }
    return found


def test_every_registered_provider_is_held_to_the_contract():
    assert contract_classes() == set(PROVIDERS)


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(ImproperlyConfigured, match="placeholder"):
        provider_class("dall-e")


def test_choices_are_names_and_labels():
    assert ("openai", "OpenAI") in provider_choices()
