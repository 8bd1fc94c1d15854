"""Storages that fail in ways of their own: what was paid for waits in the outbox."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.core import checks
from django.core.files.base import ContentFile, File
from django.core.files.storage import InMemoryStorage, InvalidStorageError
from django.db import OperationalError

from bulk_admin.codes import Code
from bulk_admin.installation import check_storage
from bulk_admin.models import CallState, ProviderCall, UnstoredImage
from bulk_admin.services.jobs import lifecycle
from bulk_admin.services.ledger.opening import open_call
from bulk_admin.services.ledger.permits import Stop
from bulk_admin.services.storage import private
from bulk_admin.services.worker import pump, rescue
from bulk_admin.storages import ObjectStore, StorageDenied, StorageUnavailable, round_trip
from bulk_admin.testing.factories import make_account, make_job, make_user, make_worker
from bulk_admin.tests.support.auditor import audit

HERE = "bulk_admin.tests.services.storage.test_odd_storages"


class GoogleCloudError(Exception):
    """As the packages of other clouds have them: neither an OSError nor botocore's."""


class AnsweredError(Exception):
    """Carries an answer, or a status, as it was given."""

    def __init__(self, **facts: Any) -> None:
        super().__init__("said no")
        vars(self).update(facts)


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class OddStorage(InMemoryStorage):
    """Every request raises ``fault``; with None it is whole."""

    fault: ClassVar[Exception | None] = None
    refused: ClassVar[set[str]] = set()  # keys that it never takes

    def _strike(self, name: str) -> None:
        if name in self.refused:
            raise GoogleCloudError(f"400 {name}: object name not valid")
        if self.fault is not None:
            raise self.fault

    def _save(self, name: str, content: File[bytes]) -> str:
        self._strike(name)
        return str(super()._save(name, content))

    def _open(self, name: str, mode: str = "rb") -> Any:
        self._strike(name)
        return super()._open(name, mode)

    def exists(self, name: str) -> bool:
        return super().exists(name)

    def delete(self, name: str) -> None:
        self._strike(name)
        super().delete(name)

    def url(self, name: str | None) -> str:
        self._strike(name or "")
        return super().url(name)


class RenamingStorage(InMemoryStorage):
    """Keeps what it is given, under another name."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return f"{name}_x7Fq2"


class NeverMade(InMemoryStorage):
    def __init__(self, **options: Any) -> None:
        raise TypeError("missing credentials")


FAULTS = [
    GoogleCloudError("403 POST https://storage.example: \ud83e\x00 not allowed"),
    InvalidStorageError("Could not find backend"),
    TypeError("'NoneType' object is not iterable"),
    OperationalError("a storage that is a database"),
    RecursionError(),
    ConnectionResetError(),
    SpeechlessError(),
    AnsweredError(response={"Error": None, "ResponseMetadata": "403"}),
    AnsweredError(response=404, code="NotFound"),
]


def use(settings: Any, backend: str) -> None:
    settings.STORAGES = {**settings.STORAGES, "private": {"BACKEND": f"{HERE}.{backend}"}}


@pytest.fixture
def odd_storage(settings, monkeypatch):
    monkeypatch.setattr(OddStorage, "fault", None)
    monkeypatch.setattr(OddStorage, "refused", set())
    use(settings, "OddStorage")
    return OddStorage


@pytest.fixture
def job(settings, tmp_path, undrained):
    settings.BULK = settings.BULK | {
        "PUMP_LOCK": str(tmp_path / "pump.lock"),
        "RETRY_BACKOFF": 0.05,
    }
    return make_job(2, status="pending", account=make_account(options={"delay": 0}))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize(
    "call",
    [
        lambda: private.put("originals/a", b"1", "image/png"),
        lambda: private.get("originals/a"),
        lambda: private.delete("originals/a"),
        lambda: private.open_file("originals/a"),
        lambda: ObjectStore("private").url("originals/a"),
        lambda: round_trip("private", "probe/1", b"probe"),
    ],
    ids=["put", "get", "delete", "open", "url", "round_trip"],
)
def test_whatever_a_backend_raises_is_one_error_whose_words_can_be_kept(odd_storage, call, fault):
    odd_storage.fault = fault
    with pytest.raises(StorageUnavailable) as caught:
        call()
    str(caught.value).encode()
    assert str(caught.value)
    assert "\0" not in str(caught.value)


def test_a_missing_object_is_still_file_not_found(odd_storage):
    with pytest.raises(FileNotFoundError):
        private.get("originals/a")
    assert not private.exists("originals/a")
    private.delete("originals/a")


@pytest.mark.parametrize(
    "facts",
    [
        {"code": 404},
        {"status_code": 404, "code": "ResourceNotFound"},
        {"response": SimpleNamespace(status_code=404)},
        {"response": {"Error": {"Code": "NoSuchKey"}}},
    ],
    ids=str,
)
def test_a_404_of_any_cloud_is_file_not_found_and_a_403_denied(odd_storage, facts):
    odd_storage.fault = AnsweredError(**facts)
    with pytest.raises(FileNotFoundError):
        private.get("originals/a")
    with pytest.raises(StorageUnavailable):
        private.put("originals/a", b"1", "image/png")
    odd_storage.fault = AnsweredError(status_code=403)
    with pytest.raises(StorageDenied):
        private.get("originals/a")


def test_a_storage_that_saves_under_another_name_has_failed_and_keeps_no_copy(settings):
    use(settings, "RenamingStorage")
    for save in (
        lambda: private.put("originals/a", b"1", "image/png"),
        lambda: round_trip("private", "originals/a", b"1"),
    ):
        with pytest.raises(StorageUnavailable, match="under that name"):
            save()
    assert ObjectStore("private").backend.listdir("originals") == ([], [])


def test_a_storage_that_overwrites_nothing_takes_the_same_bytes_again(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    private.put("originals/a", b"1", "image/png")
    private.put("originals/a", b"1", "image/png")
    with pytest.raises(StorageUnavailable):
        private.put("originals/a", b"2", "image/png")
    assert private.get("originals/a") == b"1"
    assert ObjectStore("private").backend.listdir("originals") == ([], ["a"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_pictures_that_it_refuses_wait_in_the_outbox_until_it_takes_them(odd_storage, job, fault):
    odd_storage.fault = fault
    pump.run()
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.unknown_count) == ("completed", 2, 0)
    assert UnstoredImage.objects.count() == 2
    assert set(ProviderCall.objects.values_list("state", flat=True)) == {CallState.DELIVERED}
    odd_storage.fault = None
    rescue.run()
    assert not UnstoredImage.objects.exists()
    assert all(private.exists(image.picture_key) for image in job.images.all())
    assert audit() == []


@pytest.mark.django_db(transaction=True)
def test_pictures_saved_under_another_name_wait_in_the_outbox(settings, job):
    use(settings, "RenamingStorage")
    pump.run()
    job.refresh_from_db()
    assert (job.completed_count, UnstoredImage.objects.count()) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_it_never_takes_does_not_keep_the_others_in_the_outbox(odd_storage, job):
    odd_storage.fault = GoogleCloudError()
    pump.run()
    odd_storage.fault = None
    first = UnstoredImage.objects.order_by("created").first()
    odd_storage.refused.add(first.call.picture_key)
    rescue.run()
    rescue.run()
    assert list(UnstoredImage.objects.all()) == [first]


@pytest.fixture(params=["missing", "cannot be made"])
def no_storage(request, settings):
    if request.param == "missing":
        settings.STORAGES = {
            alias: how for alias, how in settings.STORAGES.items() if alias != "private"
        }
    else:
        use(settings, "NeverMade")


@pytest.mark.django_db
def test_without_a_private_storage_nothing_is_bought(no_storage):
    job = make_job(2, status="pending")
    pool = job.account.pools.get(kind="image")
    assert open_call(pool.pk, make_worker().pk) == Stop(Code.STORAGE_DOWN)
    assert not ProviderCall.objects.exists()
    draft = make_job(1, status="draft")
    with pytest.raises(lifecycle.CannotStart, match="STORAGES") as refused:
        lifecycle.generate(draft.pk, by=make_user())
    assert refused.value.code == Code.STORAGE_DOWN
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_missing_private_storage_is_an_error_before_anything_starts(no_storage):
    (found,) = check_storage(None)
    assert (found.id, found.level) == ("bulk_admin.E010", checks.ERROR)
    with pytest.raises(StorageUnavailable):
        private.put("originals/a", b"1", "image/png")


def test_the_odd_storage_is_whole_without_a_fault(odd_storage):
    ObjectStore("private").backend.save("originals/a", ContentFile(b"1"))
    assert private.get("originals/a") == b"1"
