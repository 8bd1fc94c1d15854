"""PromptPages does what every page adapter must; an adapter with a fault does not pass."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django import forms
from django.test import TestCase

from bulk_admin.adapter import PageInfo
from bulk_admin.testing.page_contract import PageAdapterContract
from prompts.bulk_pages import PromptPages
from prompts.models import Prompt


class PromptPagesTest(PageAdapterContract, TestCase):
    adapter = PromptPages()


class MakesAnother(PromptPages):
    def create(self, draft, stored):
        page = super().create(draft, stored)
        page.pk, page.source_ref, page.slug = None, None, f"again-{uuid4()}"
        page.save()
        return page


class MakesOneOnly(PromptPages):
    def create(self, draft, stored):
        return Prompt.objects.first() or super().create(draft, stored)


class StoresFromTheDatabase(PromptPages):
    def store(self, draft):
        Prompt.objects.exists()
        return super().store(draft)


class ShowsNobody(PromptPages):
    def url(self, page_id):
        return ""


class AsksForEach(PromptPages):
    def describe(self, ids):
        found = (Prompt.objects.filter(pk=each).first() for each in ids)
        return {str(page.pk): PageInfo(page.title, "", self.url(page.pk)) for page in found if page}


class KeepsWhatIsGone(PromptPages):
    def describe(self, ids):
        return {key: PageInfo("A page", "", self.url(key)) for key in ids}


class TakesShortTitles(PromptPages):
    def create(self, draft, stored):
        assert draft.prompt.isascii()
        return super().create(draft, stored)


class WantsTheGenerator(PromptPages):
    def create(self, draft, stored):
        assert draft.person_id
        return super().create(draft, stored)


class OffersNoField(PromptPages):
    def options(self):
        return {"category": "any"}


class OffersWhatJsonCannotHold(PromptPages):
    def options(self):
        return {"size": forms.TypedChoiceField(choices=[("1", "")], coerce=complex, initial="1")}


class RemembersTheLastPicture(PromptPages):
    def store(self, draft):
        self.last = super().store(draft)

    def create(self, draft, stored):
        return super().create(draft, self.last)


class AnswersOnlyRefusals(PromptPages):
    def publish(self, ids, by, per_day=None):
        answers = super().publish(ids, by, per_day)
        return {key: reason for key, reason in answers.items() if reason}


class RewritesEveryPage(PromptPages):
    def rewritten(self, page_id, content, by):
        Prompt.objects.update(title=content.title)


FAULTS = [
    (RemembersTheLastPicture, "files_are_stored_from_two_threads"),
    (AnswersOnlyRefusals, "publishing_answers_for_every_page"),
    (RewritesEveryPage, "a_page_that_takes_another_text_stays_the_page"),
    (MakesAnother, "the_same_source_gives_the_same_page"),
    (MakesOneOnly, "two_pictures_of_one_prompt_are_two_pages"),
    (StoresFromTheDatabase, "storing_asks_no_database"),
    (ShowsNobody, "staff_find_it"),
    (AsksForEach, "many_are_described_by_one_query_at_most"),
    (KeepsWhatIsGone, "what_is_gone_is_left_out"),
    (TakesShortTitles, "odd_texts_fit"),
    (WantsTheGenerator, "every_mark_that_a_picture_may_have_fits"),
    (OffersNoField, "options_are_form_fields_whose_values_survive_json"),
    (OffersWhatJsonCannotHold, "options_are_form_fields_whose_values_survive_json"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("adapter", "test"), FAULTS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_fault_is_found(adapter, test):
    contract = PageAdapterContract()
    contract.adapter = adapter()
    with pytest.raises((AssertionError, TypeError, AttributeError)):
        getattr(contract, f"test_{test}")()
