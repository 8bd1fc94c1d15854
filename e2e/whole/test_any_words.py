"""Whatever JSON can hold, in every field that comes from outside: each row takes what is left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulk_admin.codes import Code
from bulk_admin.logs import redact
from bulk_admin.models import (
    BulkGenerationJob,
    CallState,
    GeneratedImage,
    ImageStatus,
    JobStatus,
    PageStatus,
    ProviderAccount,
    ProviderCall,
)
from bulk_admin.services.drafting import drafts
from bulk_admin.services.drafting.intake import Row
from bulk_admin.services.drafting.settings import settings_of
from bulk_admin.services.image_providers import CheckResult, ImageResult, ListedModel
from bulk_admin.services.image_providers.errors import OutcomeUnknown, PromptBlocked
from bulk_admin.services.image_providers.http.error_table import error_for
from bulk_admin.services.ledger.outcome import Outcome, outcome_of
from bulk_admin.services.ledger.settling import settle
from bulk_admin.services.pages import steps
from bulk_admin.services.storage import private, storing
from bulk_admin.services.worker.image_work import facts_of, outcome_of_stored
from bulk_admin.services.writing.errors import ServiceError
from bulk_admin.testing.factories import make_call, make_image, make_job, make_user, make_worker

pytestmark = pytest.mark.django_db
CONTENT = b"no picture: Pillow would take most of the time"

any_text = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.sampled_from(["a red fox \ud83e", "caf\0e9", "\x1b[31m", "x" * 9_000, "\udcff", "\r\n"]),
)
any_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.just(10**400) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
any_usage = any_json | st.dictionaries(
    st.sampled_from(["text_input", "image_output", "\0"]), any_json, max_size=3
)
walk = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def job():
    return make_job(1, account=None, status="completed")


def sent(body: object) -> bytes:
    return json.dumps(body).encode()


def open_call(job: BulkGenerationJob) -> ProviderCall:
    """One more picture under way, with its price reserved."""
    image = make_image(job, ImageStatus.GENERATING)
    call = make_call(image, CallState.OPEN)
    BulkGenerationJob.objects.filter(pk=job.pk).update(
        reserved=call.reserved, status=JobStatus.PROCESSING
    )
    return call


def check(call: ProviderCall, state: str) -> None:
    call.refresh_from_db()
    assert call.state == state
    assert call.set_aside == "", "cleaned, every row takes it"
    image = GeneratedImage.objects.get(pk=call.image_id)
    for text in (
        image.revised_prompt,
        image.error_message,
        call.request_id,
        json.dumps(call.usage),
    ):
        text.encode()
        assert "\0" not in text


@walk
@given(any_json, any_json, any_json, any_usage, any_json)
def test_an_answer(job, words, request_id, status, usage, size):
    call = open_call(job)
    answer = ImageResult(
        content=CONTENT,
        usage=usage,
        request_id=request_id,
        http_status=status,
        revised_prompt=words,
        size=size,
        quality=size,
    )
    picture = storing.describe(call.picture_key, answer.content, facts_of(answer))
    outcome = Outcome(
        state=CallState.DELIVERED,
        billed="yes",
        picture=picture,
        usage=answer.usage,
        http_status=answer.http_status,
        request_id=answer.request_id,
        revised_prompt=answer.revised_prompt,
    )
    settle(call.pk, outcome)
    check(call, "delivered")


@walk
@given(any_json, any_json, any_usage, st.sampled_from([PromptBlocked, OutcomeUnknown]))
def test_a_refusal(job, words, request_id, usage, kind):
    call = open_call(job)
    error = kind(words, request_id=request_id, http_status=words, usage=usage)
    redact(f"{error} {error.message}").encode()
    settle(call.pk, outcome_of(error))
    check(call, "unknown" if kind is OutcomeUnknown else "refused")


@walk
@given(st.integers(100, 999), any_text, any_json)
def test_a_body_of_an_error(job, status, header, body):
    call = open_call(job)
    headers = {"x-request-id": header, "retry-after": header}
    error = error_for(status, headers, sent(body), key="sk-1")
    settle(call.pk, outcome_of(error))
    call.refresh_from_db()
    assert call.state in ("refused", "unknown")
    assert call.set_aside == ""


@walk
@given(any_json)
def test_a_body_of_a_refusal_in_the_known_shape(job, words):
    names = ("message", "code", "type", "param", "moderation_details", "usage", "detail")
    for name in names:
        call = open_call(job)
        settle(call.pk, outcome_of(error_for(400, {}, sent({"error": {name: words}}))))
        call.refresh_from_db()
        assert (call.state in ("refused", "unknown"), call.set_aside) == (True, "")


@walk
@given(any_json)
def test_a_sidecar(job, facts):
    call = open_call(job)
    private.put(call.picture_key, CONTENT, "image/png")
    private.put(f"{call.picture_key}.json", json.dumps(facts).encode(), "application/json")
    settle(call.pk, outcome_of_stored(storing.find(call.picture_key)))
    check(call, "delivered")


@walk
@given(any_json)
def test_an_error_of_a_page(job, words):
    image = job.images.get()
    GeneratedImage.objects.filter(pk=image.pk).update(
        page_status=PageStatus.QUEUED, page_owner=None, page_not_before=None
    )
    BulkGenerationJob.objects.filter(pk=job.pk).update(pages_open=1, pages_failed=0)
    (work,), _ = steps.claim(make_worker().pk, 1, None)
    work.error = ServiceError(words, code=Code.BAD_MODERATION, billed="no")
    steps.finish([work])
    image.refresh_from_db()
    assert image.page_error_code == Code.BAD_MODERATION
    image.page_error.encode()


@walk
@given(any_text, any_text)
def test_what_is_typed_and_pasted(placeholder_account, words, prompt):
    plain = settings_of(make_job(0, account=placeholder_account))
    names = ("name", "prompt_prefix", "prompt_suffix")
    fields: dict[str, Any] = dict.fromkeys(names, words[:100])
    fields["page_options"] = {"tags": words[:100]}
    draft = drafts.create_draft(
        replace(plain, **fields), [Row(f"fox {prompt}", 1)], by=make_user(), source_text=words
    )
    draft.refresh_from_db()
    for text in (draft.name, draft.source_text, draft.images.get().prompt_text):
        text.encode()
        assert "\0" not in text


@walk
@given(any_json)
def test_what_a_check_and_a_list_of_models_say(job, words):
    result = CheckResult(code="", message=words)
    ProviderAccount.objects.filter(pk=job.account_id).update(check_result=result.message[:300])
    ListedModel(name=words, shutdown_date=words).name.encode()
