"""Servers that speak OpenAI's protocol, written by others: aimock, LiteLLM's proxy, llmock."""

from __future__ import annotations

import json

import pytest

from bulk_admin.models import Billed, CallState, ProviderCall
from bulk_admin.tests.peers.conftest import CHAOS
from bulk_admin.tests.support.auditor import audit

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
PICTURES = 12


def settled():
    """The states of all calls; none is under way, and what a row says of its money adds up."""
    assert not ProviderCall.objects.filter(state__in=CallState.UNSETTLED).exists()
    assert audit() == []
    return set(ProviderCall.objects.values_list("state", flat=True))


def test_aimock_delivers_every_picture(aimock, account_at, run_job):
    job = run_job(account_at(aimock()), PICTURES)
    assert (job.status, job.completed_count) == ("completed", PICTURES)
    assert settled() == {CallState.DELIVERED}
    assert ProviderCall.objects.filter(billed=Billed.YES).count() == PICTURES


def test_aimock_in_chaos_ends_every_picture(aimock, account_at, run_job):
    brakes_off = {"BULK_NO_USE_AFTER": "0", "BULK_BREAKER_AFTER": "0"}
    job = run_job(account_at(aimock(*CHAOS)), 40, **brakes_off)
    assert job.completed_count
    assert job.completed_count + job.failed_count + job.unknown_count == 40
    assert CallState.DELIVERED in settled()


def test_litellm_relays_pictures_of_aimock(aimock, peer, account_at, run_job, tmp_path):
    relayed = {
        "model": "openai/gpt-image-1",
        "api_base": f"{aimock()}/v1",
        "api_key": "sk-behind-the-proxy",
    }
    settings = {"model_list": [{"model_name": "gpt-image-1", "litellm_params": relayed}]}
    config = tmp_path / "litellm.yaml"
    config.write_text(json.dumps(settings))
    words = ("--config", str(config), "--host", "127.0.0.1", "--port", "{port}")
    url = peer("litellm", *words, path="/health/liveliness")
    job = run_job(account_at(url), PICTURES)
    assert (job.status, job.completed_count) == ("completed", PICTURES)
    assert settled() == {CallState.DELIVERED}


def test_llmock_names_pictures_on_a_host_that_is_not_allowed(peer, account_at, run_job):
    """It answers with addresses alone: all are paid for, so the job pauses after a few."""
    url = peer("llmock", "serve", "--host", "127.0.0.1", "--port", "{port}")
    job = run_job(account_at(url), PICTURES)
    assert (job.status, job.status_reason, job.completed_count) == ("paused", "no_use", 0)
    settled()
