"""A job's seed: from form and command line through the row to each call."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from bulk_admin.admin.new_job.form import NewJobForm
from bulk_admin.models import BulkGenerationJob, ImageModel
from bulk_admin.services.database import database_now
from bulk_admin.services.image_providers.base import MAX_SEED
from bulk_admin.services.jobs import lifecycle, pictures
from bulk_admin.services.ledger import opening
from bulk_admin.testing.factories import make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(tmp_path, superuser, placeholder_account):
    file = tmp_path / "foxes.txt"
    file.write_text("a fox\n")

    def place(**options):
        call_command("bulk_generate", str(file), account=placeholder_account.label, **options)
        return BulkGenerationJob.objects.get()

    return place


def seeds(job):
    pool, worker = job.account.pools.get(kind="image"), make_worker()
    waiting = job.images.filter(status="queued").count()
    permits = [opening.open_call(pool.pk, worker.pk) for _ in range(waiting)]
    return {job.images.get(pk=permit.image_id).variant: permit.options.seed for permit in permits}


def test_each_variant_and_a_reroll_count_one_up(order):
    job = order(seed=41, per_prompt=2)
    assert seeds(job) == {1: 41, 2: 42}
    lifecycle.cancel(job.pk, by=None)
    first = job.images.get(variant=1)
    assert pictures.reroll(job.pk, first.pk, seen_variant=2, by=None)
    assert seeds(job) == {3: 43}


def test_zero_is_a_seed_none_is_chance_and_after_the_largest_comes_zero(order):
    job = order(per_prompt=2)
    assert seeds(job) == {1: None, 2: None}
    for seed, sent in ((0, {3: 2}), (MAX_SEED, {4: 2})):
        BulkGenerationJob.objects.filter(pk=job.pk).update(seed=seed)
        newest = max(sent)
        image = job.images.get(variant=newest - 1)
        assert pictures.reroll(job.pk, image.pk, seen_variant=newest - 1, by=None)
        assert seeds(job) == sent


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_bounds_creates_nothing(order, seed):
    with pytest.raises(CommandError, match="whole number") as caught:
        order(seed=seed)
    assert caught.value.returncode == 2
    assert not BulkGenerationJob.objects.exists()


def test_a_model_that_takes_no_seed_is_not_given_one(order, superuser):
    ImageModel.objects.filter(name="placeholder").update(takes=[])
    with pytest.raises(CommandError, match="takes no seed"):
        order(seed=1)
    form = NewJobForm(person=superuser, on=database_now().date(), initial={"seed": 7})
    assert form.fields["seed"].widget.is_hidden
    assert form["seed"].value() is None


def test_the_form_keeps_copies_and_shows_it(client, staff, placeholder_account):
    client.force_login(staff)
    add = reverse("admin:bulk_admin_bulkgenerationjob_add")
    form = client.get(add).context["form"]
    assert not form.fields["seed"].widget.is_hidden
    fields = {name: form[name].value() or "" for name in form.fields if name != "file"}
    client.post(add, {**fields, "prompts": "a fox", "seed": "77"})
    job = BulkGenerationJob.objects.get()
    assert job.seed == 77
    assert "seed 77" in client.get(job.get_absolute_url()).content.decode()
    assert client.get(f"{add}?from={job.pk}").context["form"]["seed"].value() == 77
    assert lifecycle.generate(job.pk, by=staff)
    more = reverse("admin:bulk_admin_bulkgenerationjob_ask", args=[job.pk, "more"])
    assert "seed 77" in client.get(more).content.decode()


def test_the_catalogue_says_which_models_take_one():
    takes = {
        (model.provider, model.name)
        for model in ImageModel.objects.filter(kind="image")
        if "seed" in model.takes
    }
    assert ("placeholder", "placeholder") in takes
    assert ("replicate", "black-forest-labs/flux-schnell") in takes
    assert {provider for provider, _ in takes} == {"placeholder", "replicate"}
