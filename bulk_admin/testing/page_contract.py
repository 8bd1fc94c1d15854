"""What every page adapter must do. A site's own tests run it, in a few lines::

class RecipePagesTest(PageAdapterContract, TestCase):
    adapter = RecipePages()
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models.query import QuerySet
from django.test.utils import CaptureQueriesContext, override_settings

from bulk_admin.adapter import Content, PageAdapter, PageDraft, Verdict
from bulk_admin.services.drafting import page_options
from bulk_admin.testing.corpus import CORPUS
from bulk_admin.testing.pictures import make_picture

KEY_LENGTH = 64  # of a page's key as text, beside its picture


class PageAdapterContract:
    """Mixed into Django's TestCase, with the site's own adapter."""

    adapter: PageAdapter

    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(TemporaryDirectory())
        self.enterContext(override_settings(STORAGES=self.storages(folder)))

    def storages(self, folder: str) -> dict[str, Any]:
        """STORAGES while the tests run: a folder that goes with them in place of each, so that
        nothing is written to the site's own.
        """
        durable = "bulk_admin.storages.DurableFileStorage"
        return {
            alias: {"BACKEND": durable, "OPTIONS": {"location": f"{folder}/{alias}"}}
            for alias in settings.STORAGES
            if alias != "staticfiles"
        } | {"staticfiles": settings.STORAGES["staticfiles"]}

    # --- what the tests make pages of -----------------------------------------------------------

    def draft(self, ref: str = "image-1", prompt: str = "a red fox", **changes: Any) -> PageDraft:
        """As the generator hands it to ``store``; ``changes`` are fields of PageDraft."""
        facts = {
            "source_ref": ref,
            "prompt": prompt,
            "content": self.adapter.clean(Content.from_prompt(prompt)),
            "verdict": Verdict("passed"),
            "original": make_picture(640, 480),
            "options": dict(self.values_of_options()),
            "person_id": self.person().pk,
        }
        return PageDraft(**{**facts, **changes})

    def person(self) -> Any:
        """Who asked for the pages, and may do everything with them."""
        model = get_user_model()
        name = {model.USERNAME_FIELD: "contract@example.com"}
        return model._default_manager.get_or_create(**name, defaults={"is_superuser": True})[0]

    def make(self, **changes: Any) -> Any:
        """A page, as the generator makes it."""
        draft = self.draft(**changes)
        with transaction.atomic():
            return self.adapter.create(draft, self.adapter.store(draft))

    def values_of_options(self) -> Iterator[tuple[str, Any]]:
        """What a person who leaves the form alone has chosen; override it for an option that wants
        a choice.
        """
        for name, field in self.adapter.options().items():
            yield name, page_options.default_of(field)

    def _rows(self) -> QuerySet[Any]:
        return self.adapter.page_model._base_manager.all()

    # --- what must hold -------------------------------------------------------------------------

    def test_a_page_is_made_whose_key_fits(self) -> None:
        page = self.make()
        assert page.pk is not None
        assert len(str(page.pk)) <= KEY_LENGTH
        if self.adapter.model:
            assert isinstance(page, self.adapter.page_model)
            assert self._rows().filter(pk=page.pk).exists()

    def test_the_same_source_gives_the_same_page(self) -> None:
        assert self.make().pk == self.make().pk
        if self.adapter.model:
            assert self._rows().count() == 1

    def test_two_pictures_of_one_prompt_are_two_pages(self) -> None:
        assert self.make(ref="image-1").pk != self.make(ref="image-2").pk

    def test_files_may_be_stored_twice(self) -> None:
        draft = self.draft()
        self.adapter.store(draft)
        assert self.adapter.create(draft, self.adapter.store(draft)).pk is not None

    def test_files_are_stored_from_two_threads(self) -> None:
        drafts = [self.draft(ref=f"image-{number}") for number in (1, 2)]
        with ThreadPoolExecutor(2) as threads:
            stored = list(threads.map(self.adapter.store, drafts))
        # Another one: what one draft left on the adapter is another draft's when it is read.
        fresh = type(self.adapter)()
        pages = {fresh.create(draft, of_it).pk for draft, of_it in zip(drafts, stored, strict=True)}
        assert len(pages) == 2

    def test_storing_asks_no_database(self) -> None:
        """It runs in a thread, whose connection nobody would close."""
        draft = self.draft()
        with CaptureQueriesContext(connection) as asked:
            self.adapter.store(draft)
        assert len(asked) == 0, [query["sql"] for query in asked]

    def test_a_rollback_leaves_no_page(self) -> None:
        if not self.adapter.model:
            return
        before = self._rows().count()
        with suppress(_RolledBack), transaction.atomic():
            self.make()
            raise _RolledBack
        assert self._rows().count() == before

    def test_a_page_can_be_made_again_after_a_rollback(self) -> None:
        with suppress(_RolledBack), transaction.atomic():
            self.make()
            raise _RolledBack
        assert self.make().pk is not None

    def test_a_page_that_takes_another_text_stays_the_page(self) -> None:
        if type(self.adapter).rewritten is PageAdapter.rewritten:
            return
        key, other = str(self.make().pk), str(self.make(ref="image-2").pk)
        before = self.adapter.describe([other])
        content = self.adapter.clean(Content.from_prompt("a blue whale under the ice"))
        with transaction.atomic():
            self.adapter.rewritten(key, content, self.person())
            self.adapter.rewritten(key, content, None)  # who asked is deleted by now
        assert set(self.adapter.describe([key])) == {key}
        assert self.adapter.describe([other]) == before

    def test_publishing_answers_for_every_page(self) -> None:
        keys = {str(self.make(ref=f"image-{number}").pk) for number in (1, 2)}
        for act in (self.adapter.publish, self.adapter.publish, self.adapter.unpublish):
            answers = act(iter(sorted(keys)), self.person())
            assert set(answers) == keys
            assert all(isinstance(reason, str) for reason in answers.values())

    def test_staff_find_it(self) -> None:
        page = self.make()
        told = self.adapter.describe([str(page.pk)])[str(page.pk)]
        assert told.title
        assert told.url == self.adapter.url(page.pk)
        assert told.url, "staff have no address for it: register the model, or override url()"

    def test_many_are_described_by_one_query_at_most(self) -> None:
        keys = [str(self.make(ref=f"image-{number}").pk) for number in (1, 2, 3)]
        self.adapter.describe(keys)  # what is asked only once in a process
        with CaptureQueriesContext(connection) as asked:
            found = self.adapter.describe(keys)
        assert set(found) == set(keys)
        assert len(asked) <= 1, [query["sql"] for query in asked]
        assert self.adapter.describe([]) == {}

    def test_what_is_gone_is_left_out(self) -> None:
        if not self.adapter.model:
            return
        gone, kept = (str(self.make(ref=f"image-{uuid4()}").pk) for _ in range(2))
        QuerySet(self.adapter.page_model).filter(pk=gone).delete()  # for good, whatever theirs does
        assert set(self.adapter.describe([gone, kept])) == {kept}

    def test_odd_texts_fit(self) -> None:
        for number, prompt in zip(count(1), CORPUS, strict=False):
            assert self.make(ref=f"image-{number}", prompt=prompt.replace("\0", "")).pk is not None

    def test_every_mark_that_a_picture_may_have_fits(self) -> None:
        for number, verdict in enumerate(("passed", "skipped", "not_checked"), 1):
            made = self.make(
                ref=f"image-{number}",
                verdict=Verdict(verdict),
                generator="g" * 60,
                model="m" * 100,
                is_placeholder=True,
                person_id=None,
                job_ref=str(uuid4()),
                job_name="j" * 200,
            )
            assert made.pk is not None

    def test_options_are_form_fields_whose_values_survive_json(self) -> None:
        for name, field in self.adapter.options().items():
            assert isinstance(field, forms.Field), f"{name} is {field!r}"
        chosen = dict(self.values_of_options())
        kept = json.loads(json.dumps(chosen, cls=DjangoJSONEncoder))  # as the job keeps them
        for name, field in self.adapter.options().items():
            assert field.clean(kept[name]) == field.clean(chosen[name])

    def test_it_knows_which_prompts_have_a_page(self) -> None:
        page = self.make(prompt="A  red fox\nin snow")
        found = self.adapter.pages_of_prompts(["a red fox in snow", "nobody asked for this"])
        if self.adapter.prompt_field:
            assert {text: str(key) for text, key in found.items()} == {
                "a red fox in snow": str(page.pk)
            }
        else:
            assert "nobody asked for this" not in found


class _RolledBack(Exception):
    pass
