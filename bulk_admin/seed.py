"""The models that the catalogue starts with.

Facts as of 2026-11-22; each price says how sure it is.

Confidence: A official source, B official but older, or several that agree, C one third party or
inferred, D memory. Money is micro-dollars: tokens per million, pictures each.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q

SHAPES = ["1024x1024", "1536x1024", "1024x1536", "1536x864", "864x1536", "2048x2048"]
OLD_SHAPES = ["1024x1024", "1536x1024", "1024x1536"]
SIZE_RULE = {
    "multiple": 16,
    "longest": 3840,
    "min_pixels": 655_360,
    "max_pixels": 8_294_400,
    "max_ratio": 3,
}
FACTORS_2 = {"low": 16, "medium": 48, "high": 96}
FACTORS_25 = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
# One reseller measured 2.6 at 3-4 times the tokens of 2.5 for low and medium, and the same from
# high up. The bill
# of an unpublished formula must stay below the reserve, so the ceiling leaves room above the worst
# figure seen.
RULE_26 = {
    "rule": "patches",
    "factors": FACTORS_25,
    "percent": {"low": [300, 450], "medium": [300, 400]},
    "ceiling_percent": {"low": 700, "medium": 600, "high": 150, "xhigh": 150, "max": 125},
}
# Inferred, within one token of 25 published cells: the ceiling covers the rounding and a little
# more.
RULE_25 = {
    "rule": "patches",
    "factors": FACTORS_25,
    "ceiling_percent": dict.fromkeys(FACTORS_25, 103),
}
RULE_2 = {"rule": "patches", "factors": FACTORS_2, "ceiling_percent": dict.fromkeys(FACTORS_2, 102)}
TOKENS = {
    "text_input": 5_000_000,
    "image_input": 8_000_000,
    "image_output": 30_000_000,
    "text_output": 10_000_000,
}
PRICING = "OpenAI pricing and model pages, read 2026-11-22"
RATIOS = ["1024x1024", "1536x1024", "1024x1536", "1344x768", "768x1344"]


def _openai(name: str, label: str, **fields: Any) -> dict[str, Any]:
    return {
        "provider": "openai",
        "name": name,
        "label": label,
        "sizes": SHAPES,
        "size_rule": SIZE_RULE,
        "qualities": ["low", "medium", "high", "xhigh", "max"],
        "output_formats": ["png", "webp", "jpeg"],
        "backgrounds": ["opaque", "transparent"],
        "prompt_limit": 32_000,
        "default_size": "1024x1024",
        "default_quality": "medium",
        "price": TOKENS,
        "source": PRICING,
        "confidence": "A",
        **fields,
    }


def _old(name: str, label: str, retired_on: dt.date, **fields: Any) -> dict[str, Any]:
    ends = {
        "sizes": OLD_SHAPES,
        "size_rule": {},
        "qualities": ["low", "medium", "high"],
        "retired_on": retired_on,
        "token_rule": {"rule": "none"},
        "sort_order": 900,
    }
    return _openai(
        name,
        label,
        **{
            **ends,
            "successor": "gpt-image-2.5-flare",
            "note": "Listed so that old names are explained.",
            **fields,
        },
    )


def _replicate(name: str, label: str, price: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "provider": "replicate",
        "name": name,
        "label": label,
        "sizes": RATIOS,
        "qualities": [],
        "output_formats": ["webp", "png", "jpg"],
        "prompt_limit": 10_000,
        "default_size": "1024x1024",
        "price": {"per_image": price},
        "source": "Two open catalogues synced from Replicate, 2026",
        "confidence": "C",
        "note": (
            "Replicate tells no price in its answers: check the model's page before relying on it."
        ),
        "sort_order": 200,
        **fields,
    }


DECEMBER = dt.date(2026, 12, 1)
CATALOGUE: list[dict[str, Any]] = [
    _openai(
        "gpt-image-2.5-flare",
        "GPT Image 2.5 Flare",
        token_rule=RULE_25,
        released=dt.date(2026, 9, 8),
        is_default=True,
        sort_order=10,
        note=(
            "Token formula inferred from 25 published cells (confidence C+). Best value for bulk"
            " work: docs/decisions/0001-default-model.md."
        ),
    ),
    _openai(
        "gpt-image-2.5-sunburst",
        "GPT Image 2.5 Sunburst",
        token_rule=RULE_25,
        released=dt.date(2026, 9, 8),
        sort_order=20,
        note="More detail, steadier edits.",
    ),
    _openai(
        "gpt-image-2.6-flare",
        "GPT Image 2.6 Flare",
        token_rule=RULE_26,
        released=dt.date(2026, 11, 4),
        sort_order=30,
        note=(
            "No token formula is published: prices are a range from one reseller's measurement of"
            " 2026-11-05 (confidence C)."
        ),
    ),
    _openai(
        "gpt-image-2.6-sunburst",
        "GPT Image 2.6 Sunburst",
        token_rule=RULE_26,
        released=dt.date(2026, 11, 4),
        sort_order=40,
        note=(
            "No token formula is published: prices are a range from one reseller's measurement of"
            " 2026-11-05 (confidence C)."
        ),
    ),
    _openai(
        "gpt-image-2",
        "GPT Image 2",
        token_rule=RULE_2,
        qualities=["low", "medium", "high"],
        backgrounds=["opaque"],
        released=dt.date(2026, 4, 21),
        sort_order=50,
        confidence="B",
        note=(
            "Formula from OpenAI's calculator, exact on seven published figures. No end date found."
        ),
    ),
    _openai(
        "gpt-image-2.5-flare-2026-09-08",
        "GPT Image 2.5 Flare (snapshot)",
        token_rule=RULE_25,
        released=dt.date(2026, 9, 8),
        is_enabled=False,
        sort_order=60,
    ),
    _openai(
        "gpt-image-2.5-sunburst-2026-09-08",
        "GPT Image 2.5 Sunburst (snapshot)",
        token_rule=RULE_25,
        released=dt.date(2026, 9, 8),
        is_enabled=False,
        sort_order=61,
    ),
    _openai(
        "gpt-image-2-2026-04-21",
        "GPT Image 2 (snapshot)",
        token_rule=RULE_2,
        qualities=["low", "medium", "high"],
        is_enabled=False,
        sort_order=62,
    ),
    _old(
        "gpt-image-1.5",
        "GPT Image 1.5",
        DECEMBER,
        successor="gpt-image-2.6-flare",
        token_rule={},
        price={
            **TOKENS,
            "image_output": 32_000_000,
            "per_image": {
                "low|1024x1024": 9_000,
                "medium|1024x1024": 34_000,
                "high|1024x1024": 134_000,
                "low|*": 13_000,
                "medium|*": 50_000,
                "high|*": 200_000,
            },
        },
        confidence="B",
        sort_order=100,
        note="Ends 2026-12-01.",
    ),
    _old(
        "gpt-image-1-mini",
        "GPT Image 1 mini",
        DECEMBER,
        successor="gpt-image-2.6-flare",
        token_rule={},
        price={
            "text_input": 2_000_000,
            "image_input": 2_500_000,
            "image_output": 8_000_000,
            "per_image": {
                "low|1024x1024": 5_000,
                "medium|1024x1024": 11_000,
                "high|1024x1024": 36_000,
                "low|*": 6_000,
                "medium|*": 15_000,
                "high|*": 52_000,
            },
        },
        confidence="D",
        sort_order=110,
        note="Ends 2026-12-01.",
    ),
    _old(
        "chatgpt-image-latest",
        "ChatGPT Image (latest)",
        DECEMBER,
        is_enabled=False,
        successor="gpt-image-2.6-flare",
        note="Ends 2026-12-01. No price found.",
    ),
    _old("gpt-image-1", "GPT Image 1", dt.date(2026, 10, 23)),
    _old("dall-e-3", "DALL·E 3", dt.date(2026, 5, 12)),
    _old("dall-e-2", "DALL·E 2", dt.date(2026, 5, 12)),
    _replicate("black-forest-labs/flux-schnell", "FLUX.1 schnell", {"*": 3_000}, is_default=True),
    _replicate("black-forest-labs/flux-dev", "FLUX.1 dev", {"*": 14_000}),
    _replicate("black-forest-labs/flux-1.1-pro", "FLUX 1.1 pro", {"*": 40_000}),
    _replicate(
        "black-forest-labs/flux-2-pro", "FLUX.2 pro", {"base": 15_000, "per_megapixel": 15_000}
    ),
    _replicate(
        "prunaai/z-image-turbo",
        "Z-Image Turbo",
        {"*": 20_000},
        confidence="D",
        is_enabled=False,
        note=(
            "Sources say $0.005 to $0.02: priced at the most. It takes width and height (account"
            " option size_mode). Check its page, then switch it on."
        ),
    ),
    _replicate("bytedance/seedream-4", "Seedream 4", {"*": 30_000}),
    {
        "provider": "placeholder",
        "name": "placeholder",
        "label": "Placeholder",
        "sizes": SHAPES,
        "size_rule": {
            "multiple": 2,
            "longest": 2048,
            "min_pixels": 65_536,
            "max_pixels": 4_194_304,
            "max_ratio": 3,
        },
        "qualities": ["low", "medium", "high"],
        "output_formats": ["webp", "png", "jpeg"],
        "prompt_limit": 32_000,
        "default_size": "1024x1024",
        "default_quality": "medium",
        "is_default": True,
        "price": {"per_image": {"*": 0}},
        "source": "Drawn here",
        "confidence": "A",
        "note": "Free and offline: for trying things out.",
    },
    {
        "kind": "text",
        "provider": "openai",
        "name": "gpt-6-luna",
        "label": "GPT-6 Luna",
        "is_default": True,
        "released": dt.date(2026, 9, 22),
        "price": {"text_input": 100_000, "image_input": 100_000, "text_output": 500_000},
        "source": PRICING,
        "confidence": "A",
        "note": "Writes titles and descriptions. An image costs text tokens.",
    },
    {
        "kind": "text",
        "provider": "openai",
        "name": "gpt-5.6-luna",
        "label": "GPT-5.6 Luna",
        "price": {"text_input": 200_000, "image_input": 200_000, "text_output": 1_200_000},
        "source": PRICING,
        "confidence": "A",
    },
]
PRICES_FROM = dt.date(2026, 1, 1)
TAKES_SEED = Q(provider="placeholder") | Q(
    provider="replicate", name__startswith="black-forest-labs/"
)


def seed_catalogue(image_model: Any, model_price: Any) -> int:
    """Create the models that are missing, with their prices; how many.

    What is there is left as it is.
    """
    created = 0
    for entry in CATALOGUE:
        fields = {
            name: value
            for name, value in entry.items()
            if name not in ("provider", "name", "price", "source", "confidence")
        }
        model, is_new = image_model.objects.get_or_create(
            provider=entry["provider"], name=entry["name"], defaults=fields
        )
        if is_new:
            model_price.objects.create(
                model=model,
                valid_from=PRICES_FROM,
                source=entry["source"],
                confidence=entry["confidence"],
                **entry["price"],
            )
            created += 1
    return created


def name_what_they_take(image_models: Any) -> None:
    """Which of the first models take a seed; what staff have named stays."""
    image_models.filter(TAKES_SEED, kind="image", takes=[]).update(takes=["seed"])
