"""The catalogue: what it starts with, what may be chosen, which sizes are possible, what a refresh
changes.
"""

from __future__ import annotations

import datetime as dt
import html
import json
import re

import pytest
from django.contrib.admin.models import LogEntry

from bulk_admin.models import ImageModel, ModelPrice
from bulk_admin.seed import CATALOGUE, seed_catalogue
from bulk_admin.selectors.offers import default_model, model_choices
from bulk_admin.services.pricing import catalogue, estimate, rules
from bulk_admin.services.pricing.catalogue import ModelNotAvailable
from bulk_admin.testing.factories import make_account, make_model

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 22)


def choosable(provider, on):
    return [choice.model for choice in model_choices(provider, on) if not choice.why_not]


def test_seeding_again_changes_nothing_and_never_undoes_an_edit():
    model = ImageModel.objects.get(name="gpt-image-2")
    ImageModel.objects.filter(pk=model.pk).update(label="Ours", is_enabled=False)
    model.prices.update(image_output=1)
    assert seed_catalogue(ImageModel, ModelPrice) == 0
    model.refresh_from_db()
    assert (model.label, model.is_enabled, model.prices.get().image_output) == ("Ours", False, 1)


def test_a_model_that_is_missing_comes_back_with_its_price():
    ImageModel.objects.filter(name="gpt-image-2").delete()
    assert seed_catalogue(ImageModel, ModelPrice) == 1
    assert ImageModel.objects.get(name="gpt-image-2").prices.get().image_output == 30_000_000


def test_every_model_says_where_its_figures_come_from():
    assert ImageModel.objects.count() == len(CATALOGUE)
    for price in ModelPrice.objects.select_related("model"):
        assert price.source, price.model
        assert price.confidence in ("A", "B", "C", "D"), price.model


def test_every_model_that_can_be_chosen_has_a_price_for_everything_it_offers():
    for provider in ("openai", "replicate", "placeholder"):
        models = choosable(provider, TODAY)
        assert default_model(model_choices(provider, TODAY)).model.is_default
        for model in models:
            if model.token_rule == {"rule": "none"}:
                continue
            assert model.default_size in model.sizes
            assert model.default_quality in (model.qualities or [""])
            for size in model.sizes:
                for quality in model.qualities or [""]:
                    assert estimate.reserve_for(model, quality, size, "a fox", TODAY) >= 0
            assert "auto" not in [*model.sizes, *model.qualities]


def test_the_default_is_the_one_that_the_decision_names():
    assert (
        ImageModel.objects.get(provider="openai", kind="image", is_default=True).name
        == "gpt-image-2.5-flare"
    )
    assert (
        ImageModel.objects.get(provider="openai", kind="text", is_default=True).name == "gpt-6-luna"
    )


@pytest.mark.parametrize(
    ("on", "gone", "still"),
    [
        (dt.date(2026, 5, 11), [], ["dall-e-3", "gpt-image-1", "gpt-image-1.5"]),
        (dt.date(2026, 5, 12), ["dall-e-2", "dall-e-3"], ["gpt-image-1", "gpt-image-1.5"]),
        (dt.date(2026, 11, 30), ["gpt-image-1"], ["gpt-image-1.5", "gpt-image-1-mini"]),
        (
            dt.date(2026, 12, 1),
            ["gpt-image-1.5", "gpt-image-1-mini", "chatgpt-image-latest"],
            ["gpt-image-2"],
        ),
    ],
)
def test_a_model_can_be_chosen_until_the_day_before_it_retires(on, gone, still):
    names = {model.name for model in choosable("openai", on)}
    assert not names & set(gone)
    assert names >= set(still)


def test_a_snapshot_is_there_but_switched_off():
    assert not ImageModel.objects.get(name="gpt-image-2.5-flare-2026-09-08").is_enabled
    assert "gpt-image-2.5-flare-2026-09-08" not in {
        model.name for model in choosable("openai", TODAY)
    }


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (
            "gpt-image-1",
            r"GPT Image 1 was retired on 23 Oct 2026\. Use gpt-image-2.5-flare instead\.",
        ),
        ("gpt-image-2-2026-04-21", "disabled in the catalogue"),
        ("gpt-image-9", "has no model gpt-image-9"),
        ("gpt-6-luna", "has no model gpt-6-luna"),  # it writes texts
        ("placeholder", "has no model placeholder"),  # another provider's
    ],
)
def test_a_model_that_may_not_be_used_is_refused_with_what_to_do(name, complaint):
    with pytest.raises(ModelNotAvailable, match=complaint):
        catalogue.model_for(make_account("openai"), name, TODAY)


def test_a_model_comes_with_its_prices_in_few_queries(django_assert_num_queries):
    account = make_account("openai")
    with django_assert_num_queries(2):
        model = catalogue.model_for(account, "gpt-image-2", TODAY)
        estimate.reserve_for(model, "low", "1024x1024", "a fox", TODAY)


@pytest.mark.parametrize(
    ("on", "warned"),
    [
        (dt.date(2026, 10, 31), False),
        (dt.date(2026, 11, 1), True),
        (dt.date(2026, 11, 30), True),
        (dt.date(2026, 12, 1), False),
    ],
)
def test_the_last_thirty_days_of_a_model_are_warned_of(on, warned):
    text = catalogue.retirement_warning(ImageModel.objects.get(name="gpt-image-1.5"), on)
    assert text == (
        "GPT Image 1.5 ends on 01 Dec 2026. Its successor is gpt-image-2.6-flare." if warned else ""
    )


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ("1024x1024", ""),
        ("1536x864", ""),
        ("2048x2048", ""),
        ("3840x2160", ""),
        ("1280x720", ""),
        ("1920x1080", "multiples of 16"),
        ("3856x2048", "longer than 3840"),
        ("2400x784", "at most 3 times"),
        ("512x512", "between 655,360 and 8,294,400 pixels"),
        ("3840x3840", "between 655,360 and 8,294,400 pixels"),
        ("auto", "is not a size"),
        ("1024", "is not a size"),
        ("1024X1024", "is not a size"),
        ("01024x1024", "is not a size"),
        ("1024x1024\n", "is not a size"),
        ("", "is not a size"),
    ],
)
def test_a_size_is_checked_against_the_models_rule(size, complaint):
    found = catalogue.validate_size(ImageModel.objects.get(name="gpt-image-2.5-flare"), size)
    assert complaint in found if complaint else found == ""


def test_a_model_without_a_rule_takes_only_its_own_sizes():
    model = ImageModel.objects.get(name="gpt-image-1.5")
    assert catalogue.validate_size(model, "1536x1024") == ""
    assert (
        catalogue.validate_size(model, "1536x864")
        == "GPT Image 1.5 makes 1024x1024, 1536x1024, 1024x1536."
    )


def test_what_the_catalogue_starts_with_is_sound():
    for model in ImageModel.objects.prefetch_related("prices"):
        assert (rules.size_rule(model.size_rule), rules.token_rule(model.token_rule)) == ("", ""), (
            model
        )
        assert all(rules.flat_prices(price.per_image) == "" for price in model.prices.all()), model
        assert all(
            rules.texts(names) == ""
            for names in (model.sizes, model.qualities, model.output_formats, model.backgrounds)
        ), model


SIZES = {"multiple": 16, "longest": 3840, "min_pixels": 1, "max_pixels": 9, "max_ratio": 2.5}


@pytest.mark.parametrize(
    ("check", "value", "complaint"),
    [
        (rules.flat_prices, {}, ""),
        (
            rules.flat_prices,
            {"*": 0, "low|*": 1, "*|640x640": 2, "low|640x640": 3, "|640x640": 4},
            "",
        ),
        (rules.flat_prices, {"base": 15_000, "per_megapixel": 15_000}, ""),
        (rules.flat_prices, {"*": 0.04}, "$0.04 is 40000."),
        (rules.flat_prices, {"*": "40000"}, "write whole micro-dollars"),
        (rules.flat_prices, {"*": True}, "write whole micro-dollars"),
        (rules.flat_prices, {"*": -1}, "write whole micro-dollars"),
        (rules.flat_prices, {"*": 10**400}, "write whole micro-dollars"),
        (rules.flat_prices, {"low": 1}, "“low” is no key"),
        (rules.flat_prices, {"*|*": 1}, "is no key"),
        (rules.flat_prices, {"base": 1}, "needs “per_megapixel”"),
        (rules.flat_prices, [1], "JSON object"),
        (rules.size_rule, {}, ""),
        (rules.size_rule, SIZES, ""),
        (rules.size_rule, {"multiple": 16}, "needs longest, min_pixels, max_pixels, max_ratio too"),
        (rules.size_rule, {**SIZES, "most": 1}, "has no “most”"),
        (rules.size_rule, {**SIZES, "multiple": 0}, "“multiple” must be a whole number"),
        (rules.size_rule, {**SIZES, "max_ratio": float("nan")}, "“max_ratio” must be"),
        (rules.size_rule, {**SIZES, "min_pixels": 10}, "“min_pixels” is more"),
        (rules.size_rule, "16", "JSON object"),
        (rules.token_rule, {}, ""),
        (rules.token_rule, {"rule": "none"}, ""),
        (
            rules.token_rule,
            {
                "rule": "patches",
                "factors": {"low": 16},
                "percent": {"low": [100, 200]},
                "ceiling_percent": {"low": 250},
            },
            "",
        ),
        (rules.token_rule, {"rule": "patches"}, "needs factors too"),
        (rules.token_rule, {"rule": "patches", "factors": {}}, "“factors” must have"),
        (rules.token_rule, {"rule": "tiles", "factors": {"low": 1}}, "must be “patches”"),
        (rules.token_rule, {"rule": "patches", "factors": {"low": 1.5}}, "“factors” must be"),
        (
            rules.token_rule,
            {"rule": "patches", "factors": {"low": 1}, "percent": {"low": [2, 1]}},
            "“percent” must be",
        ),
        (
            rules.token_rule,
            {"rule": "patches", "factors": {"low": 1}, "percents": {}},
            "has no “percents”",
        ),
        (rules.texts, [], ""),
        (rules.texts, "low", "JSON list"),
        (rules.texts, [1], "JSON list"),
        (rules.texts, ["x"] * 101, "at most 100 texts"),
        (rules.texts, ["x" * 41], "at most 40 characters"),
        (rules.size_rule, {**SIZES, "max_pixels": 10**400}, "“max_pixels” must be"),
        (rules.size_rule, {**SIZES, "max_ratio": 10**400}, "“max_ratio” must be"),
        (rules.token_rule, {"rule": "patches", "factors": {"low": 10**400}}, "must be"),
    ],
)
def test_a_field_of_the_catalogue_is_checked(check, value, complaint):
    found = check(value)
    assert complaint in found if complaint else found == ""


def flat_prices(*rows):
    """Rows of the form's flat prices: quality, size, dollars."""
    names = ("quality", "size", "usd")
    return {f"prices-0-per_image-{name}": [row[n] for row in rows] for n, name in enumerate(names)}


def posted(model, **changes):
    """The change form as it is sent when nothing is touched but ``changes``."""
    price = model.prices.get()
    jsons = ("size_rule", "token_rule")
    words = ("sizes", "qualities", "output_formats", "backgrounds", "takes")
    plain = (
        "kind",
        "provider",
        "name",
        "label",
        "prompt_limit",
        "default_size",
        "default_quality",
        "successor",
        "note",
        "sort_order",
    )
    rows = {
        "prices-TOTAL_FORMS": 1,
        "prices-INITIAL_FORMS": 1,
        "prices-0-id": price.pk,
        "prices-0-model": model.pk,
        "prices-0-valid_from": price.valid_from,
    }
    written = {name: json.dumps(getattr(model, name)) for name in jsons}
    before = {
        f"initial-{name}": text for name, text in written.items()
    }  # as Django does it where a default is a function
    return {
        **written,
        **before,
        **{name: getattr(model, name) for name in plain},
        **{name: ", ".join(getattr(model, name)) for name in words},
        "is_enabled": "on",
        **rows,
        **flat_prices(("any", "any", "0.01")),
        **changes,
    }


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("size_rule", '{"multiple": 16}', "needs longest"),
        ("token_rule", '{"rule": "patches"}', "needs factors too"),
        ("takes", "sed", "“sed” is none of: seed."),
        ("takes", "seed, Seed", "“Seed” is none of: seed."),
    ],
)
def test_the_form_refuses_what_the_code_could_not_read(client, superuser, name, text, complaint):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat")
    response = client.post(
        f"/admin/bulk_admin/imagemodel/{model.pk}/change/", posted(model, **{name: text})
    )
    assert response.status_code == 200
    assert complaint in html.unescape(response.content.decode())


def test_the_form_takes_the_settings_that_there_are(client, superuser):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat")
    response = client.post(
        f"/admin/bulk_admin/imagemodel/{model.pk}/change/", posted(model, takes="seed, ")
    )
    assert response.status_code == 302
    assert ImageModel.objects.get(pk=model.pk).takes == ["seed"]


def test_an_emptied_field_is_an_empty_one_and_not_null(client, superuser):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat", size_rule=SIZES, backgrounds=["opaque"])
    response = client.post(
        f"/admin/bulk_admin/imagemodel/{model.pk}/change/",
        posted(model, size_rule="", backgrounds="", **flat_prices(("", "", ""))),
    )
    assert response.status_code == 302
    model = ImageModel.objects.get(pk=model.pk)
    assert (model.size_rule, model.backgrounds, model.prices.get().per_image) == ({}, [], {})


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([("low", "1024x1024", "four cents")], "Enter an amount in dollars"),
        ([("low", "1024x1024", "")], "no price"),
        ([("low", "any", "0.04"), ("Low", "", "0.05")], "Two rows"),
        ([("low", "big", "0.04")], "Write a size as"),
        ([("low", "1024x1024", "-1")], "Enter an amount in dollars"),
    ],
)
def test_the_form_refuses_a_flat_price_that_says_nothing(client, superuser, rows, complaint):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat")
    before = model.prices.get().per_image
    response = client.post(
        f"/admin/bulk_admin/imagemodel/{model.pk}/change/", posted(model, **flat_prices(*rows))
    )
    assert response.status_code == 200
    body = html.unescape(response.content.decode())
    assert complaint in body
    assert all(f'value="{text}"' in body for row in rows for text in row if text)
    assert model.prices.get().per_image == before


def test_flat_prices_are_dollars_on_the_form_and_micro_dollars_in_the_row(client, superuser):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat")
    address = f"/admin/bulk_admin/imagemodel/{model.pk}/change/"
    rows = [("low", "1024×1024", "0.011"), ("", "512x512", "0.01"), ("Any", "any", "1")]
    area = {"prices-0-per_image-base": "0.02", "prices-0-per_image-per_megapixel": "0.015"}
    assert client.post(address, posted(model, **flat_prices(*rows), **area)).status_code == 302
    assert model.prices.get().per_image == {
        "low|1024x1024": 11_000,
        "*|512x512": 10_000,
        "*": 1_000_000,
        "base": 20_000,
        "per_megapixel": 15_000,
    }
    body = client.get(address).content.decode()
    assert all(f'value="{text}"' in body for text in ("0.011", "0.01", "0.02", "0.015", "low"))


def test_a_form_that_is_saved_untouched_changes_nothing(client, superuser):
    client.force_login(superuser)
    model = make_model("openai_compatible", label="Flat", sizes=["512x512", "1024x1024"])
    address = f"/admin/bulk_admin/imagemodel/{model.pk}/change/"
    untouched = posted(model, is_default="on")
    assert client.post(address, untouched).status_code == 302
    [entry] = LogEntry.objects.filter(object_id=model.pk)
    assert entry.get_change_message() == "No fields changed."
    assert ImageModel.objects.get(pk=model.pk).sizes == ["512x512", "1024x1024"]


def test_the_form_tells_what_one_picture_costs(client, superuser):
    client.force_login(superuser)
    model = make_model(
        "openai_compatible", label="Flat", sizes=["512x512", "1024x1024"], qualities=["low", "high"]
    )
    model.prices.update(per_image={"low|512x512": 11_000, "high|*": 36_000})
    body = client.get(f"/admin/bulk_admin/imagemodel/{model.pk}/change/").content.decode()
    costs = re.findall(r"<td>([$–][\d.]*)</td>", body)
    assert costs == ["$0.011", "$0.036", "–", "$0.036"]
