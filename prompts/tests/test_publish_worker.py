"""Publishing, taking back and deleting, as the worker does it; faults are at the storage."""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from bulk_admin.adapter import private
from bulk_admin.testing.fixtures import PRIVATE, PUBLIC
from prompts import tasks
from prompts.models import DeletedPage, Prompt
from prompts.services import b2_upload, doorbell, page_files, publish_queue, publish_worker
from prompts.services.publishing import create_page, doubts_of

from .making import make_files, make_new, make_page, private_keys, public_keys, publish_now, work

FILES = 4  # of a page that make_page makes


@pytest.fixture
def impatient_buckets(buckets, settings):
    """Buckets that are asked once: a test does not wait for retries."""
    storages = buckets.storages(PUBLIC, PRIVATE, retries=0)
    settings.STORAGES = {**settings.STORAGES, **storages}
    return buckets


@pytest.fixture
def during_upload(impatient_buckets, monkeypatch) -> Callable[[Callable[[], None]], None]:
    """What happens, once, while the first file is on its way into the public bucket."""
    front = impatient_buckets.front
    inner = front.inner

    def on_upload(event: Callable[[], None]) -> None:
        left = [event]

        def app(environ, start_response):
            is_upload = environ["REQUEST_METHOD"] == "PUT"
            if is_upload and environ["PATH_INFO"].startswith(f"/{PUBLIC}/") and left:
                left.pop()()
                connection.close()
            return inner(environ, start_response)

        monkeypatch.setattr(front, "inner", app)

    return on_upload


def draft(n: int = 1, **changes) -> Prompt:
    return make_page(n, is_stored=True, **{"status": "draft", "published": None, **changes})


def again(page: Prompt) -> Prompt:
    page.refresh_from_db()
    return page


def end_lease() -> None:
    """As if the time of every claim and pause were over."""
    past = timezone.now() - dt.timedelta(seconds=1)
    Prompt.objects.exclude(files_not_before=None).update(files_not_before=past)
    DeletedPage.objects.update(not_before=past, final_at=past)


# --- publishing ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_page_is_shown_once_its_files_are_public(client, any_storage):
    page = create_page(make_new(files=make_files()))
    assert not public_keys(page)
    publish_queue.request_publishing([page], None)
    assert again(page).status == "draft"
    assert client.get(page.get_absolute_url()).status_code == 404
    tasks.publish_due()
    assert (again(page).status, page.publish_at, page.files_claim) == ("published", None, None)
    assert page.published is not None
    assert client.get(page.get_absolute_url()).status_code == 200
    assert len(public_keys(page)) == 5
    for key in page_files.keys_of(page):
        assert b2_upload.get(key) == private.get(page.draft_folder + page_files.name_of(key))


@pytest.mark.django_db
def test_a_public_copy_says_what_it_is_and_how_long_it_may_be_kept(buckets):
    page = create_page(make_new(files=make_files()))
    publish_now(page)
    for key, content_type in ((page.image, "image/png"), (page.variants[0]["key"], "image/webp")):
        stored = buckets.client().head_object(Bucket=PUBLIC, Key=key)
        assert stored["ContentType"] == content_type
        assert stored["CacheControl"] == "public, max-age=86400"


@pytest.mark.django_db
def test_the_first_day_of_a_page_is_kept_when_it_comes_back(local_files):
    page = draft()
    publish_now(page)
    first_day = again(page).published
    assert publish_queue.unpublish([page], None) == {page.pk}
    assert publish_queue.unpublish([page], None) == set()
    work()
    publish_now(page)
    assert (again(page).status, page.published) == ("published", first_day)


@pytest.mark.django_db
def test_pressing_asks_no_storage_and_rings_in_its_transaction(impatient_buckets):
    page = draft()
    impatient_buckets.front.calls.clear()
    OrmQ.objects.all().delete()
    with pytest.raises(KeyError), transaction.atomic():
        publish_queue.request_publishing([page], None)
        raise KeyError
    assert not OrmQ.objects.exists()
    publish_queue.request_publishing([page], None)
    assert OrmQ.objects.get().func() == doorbell.PUBLISH_DUE
    assert not impatient_buckets.front.calls


@pytest.mark.django_db
def test_what_a_lost_bell_left_is_found_within_a_minute():
    schedule = Schedule.objects.get(name="publish-due")
    assert (schedule.func, schedule.minutes) == ("prompts.tasks.publish_due", 1)
    Schedule.objects.filter(pk=schedule.pk).update(minutes=7)
    doorbell.ensure_schedule()
    assert Schedule.objects.get(name="publish-due").minutes == 7


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"moderation": "flagged"}, "Moderation stopped it."),
        ({"is_placeholder": True}, "Its picture is a placeholder."),
        ({"moderation": "not_checked"}, "It was not checked by moderation."),
        ({"title": "A {red|green} Fox"}, "Its title still has “{red|green}”."),
    ],
)
def test_what_speaks_against_it_is_asked_again_when_its_turn_comes(local_files, change, reason):
    """Also a doubt that nobody saw when they accepted others."""
    page = draft()
    publish_queue.request_publishing([page], None, accepted={page.pk: doubts_of(page)})
    Prompt.objects.filter(pk=page.pk).update(**change)
    work()
    assert (again(page).status, page.publish_at, page.publish_error) == ("draft", None, reason)
    assert not public_keys(page)


@pytest.mark.django_db
def test_an_accepted_doubt_is_kept_with_the_page(local_files):
    page = draft(is_placeholder=True)
    assert publish_queue.request_publishing([page], None) == {
        page.pk: "Its picture is a placeholder."
    }
    publish_queue.request_publishing([page], None, accepted={page.pk: doubts_of(page)})
    work()
    assert (again(page).status, page.publish_confirmed) == ("published", ["placeholder"])


@pytest.mark.django_db
def test_a_page_with_another_left_over_than_the_accepted_one_is_held_back(local_files):
    """It was edited while it waited for its day; the row holds the reason, however long it is."""
    page = draft(title="A Fox in {season}")
    publish_queue.request_publishing([page], None, accepted={page.pk: doubts_of(page)})
    many = " ".join(f"{{word{n}}}" for n in range(20))
    Prompt.objects.filter(pk=page.pk).update(title="A Fox in {mood}", description=many)
    work()
    assert (again(page).status, page.publish_at) == ("draft", None)
    assert page.publish_error.startswith("Its title still has “{mood}”. Its description still")
    assert not public_keys(page)
    Prompt.objects.filter(pk=page.pk).update(title="A Fox in {season}", description="It sleeps.")
    publish_queue.request_publishing([again(page)], None, accepted={page.pk: doubts_of(page)})
    work()
    assert again(page).status == "published"


@pytest.mark.django_db
def test_a_picture_that_is_nowhere_is_named_and_the_page_stays_a_draft(any_storage):
    page = draft()
    private.delete(page.draft_folder + page_files.name_of(page.image))
    publish_now(page)
    assert (again(page).status, page.publish_error) == ("draft", publish_worker.MISSING)
    assert not public_keys(page)


@pytest.mark.django_db
def test_a_private_page_is_published_for_staff_and_copies_nothing(local_files):
    page = draft(visibility="private")
    publish_now(page)
    assert again(page).status == "published"
    assert not public_keys(page)


@pytest.mark.django_db
def test_a_page_whose_day_has_not_come_waits(local_files):
    page = draft(publish_at=timezone.now() + dt.timedelta(hours=1))
    work()
    assert again(page).status == "draft"
    assert not public_keys(page)


@pytest.mark.django_db
def test_the_storage_may_be_away_for_a_while(impatient_buckets):
    page = draft()
    impatient_buckets.front.outage = True
    publish_now(page)
    assert (again(page).status, page.publish_error) == ("draft", publish_worker.NOT_COPIED)
    assert page.publish_at is not None
    impatient_buckets.front.recover()
    publish_worker.run()
    assert again(page).status == "draft", "it waits for some time first"
    end_lease()
    publish_worker.run()
    assert (again(page).status, page.publish_error, page.files_tries) == ("published", "", 0)


@pytest.mark.django_db
def test_a_storage_that_stays_away_is_reported_and_what_was_copied_is_taken_back(impatient_buckets):
    page = draft()
    b2_upload.put(page.image, b"copied by an earlier try", "image/png")
    impatient_buckets.front.outage = True
    publish_now(page)
    for _ in range(publish_worker.MOST_TRIES - 1):
        assert again(page).publish_at is not None
        work()
    assert (again(page).publish_at, page.publish_error) == (None, publish_worker.NOT_COPIED)
    impatient_buckets.front.recover()
    work()
    assert not public_keys(page)
    publish_now(page)
    assert (again(page).status, page.publish_error) == ("published", "")


@pytest.mark.django_db
def test_publishing_has_the_name_of_who_pressed_on_it(local_files, django_user_model):
    person = django_user_model.objects.create_user("sam")
    page = draft()
    publish_queue.request_publishing([page], person.pk)
    work()
    publish_queue.unpublish([page], person.pk)
    assert again(page).publish_by == person
    entries = LogEntry.objects.order_by("pk").values_list("change_message", "user_id", "object_id")
    assert list(entries) == [
        (message, person.pk, str(page.pk))
        for message in ("Publishing requested.", "Published.", "Unpublished.")
    ]


# --- two workers, and what happens while files are copied -----------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_publishes_a_page(local_files, django_user_model):
    person = django_user_model.objects.create_user("sam")
    pages = [draft(n) for n in range(6)]
    publish_queue.request_publishing(pages, person.pk)
    start = threading.Barrier(3)

    def run() -> None:
        start.wait()
        try:
            publish_worker.run()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {again(page).status for page in pages} == {"published"}
    assert LogEntry.objects.filter(change_message="Published.").count() == len(pages)


@pytest.mark.django_db
def test_a_claim_is_one_workers_until_its_lease_ends(local_files):
    page = draft()
    publish_queue.request_publishing([page], None)
    now = timezone.now()
    first = publish_worker._claim(Prompt.objects.due(now), now)
    assert first == page
    assert publish_worker._claim(Prompt.objects.due(now), now) is None
    end_lease()
    second = publish_worker._claim(Prompt.objects.due(now), now)
    assert second == page
    publish_worker._publish(first, with_files=True)
    assert again(page).status == "draft", "the first worker was taken for dead"
    publish_worker._publish(second, with_files=True)
    assert again(page).status == "published"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (lambda page: publish_queue.unpublish([page], None), ""),
        (
            lambda page: Prompt.objects.filter(pk=page.pk).update(moderation="flagged"),
            "Moderation stopped it.",
        ),
    ],
    ids=["taken back", "flagged"],
)
def test_what_happens_while_it_is_copied_counts(during_upload, event, reason):
    page = draft()
    publish_queue.request_publishing([page], None)
    during_upload(lambda: event(page))
    publish_worker.run()
    assert (again(page).status, page.publish_error) == ("draft", reason)
    assert not public_keys(page)
    assert not page.has_public_copy


@pytest.mark.django_db(transaction=True)
def test_a_page_that_is_deleted_while_it_is_copied_leaves_nothing(during_upload):
    page = draft()
    publish_queue.request_publishing([page], None)

    def delete() -> None:
        Prompt.objects.get(pk=page.pk).delete()
        publish_worker.delete_next()

    during_upload(delete)
    publish_worker.run()
    assert len(public_keys(page)) > 0, "the copies came after the first deletion"
    end_lease()
    publish_worker.run()
    assert not public_keys(page)
    assert not private_keys(page)
    assert not DeletedPage.objects.exists()


# --- taking back --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_unpublished_page_leaves_the_site_at_once_and_the_public_web_after(client, any_storage):
    page = draft()
    publish_now(page)
    publish_queue.unpublish([page], None)
    assert client.get(page.get_absolute_url()).status_code == 404
    assert len(public_keys(page)) == FILES
    work()
    assert not public_keys(page)
    assert len(private_keys(page)) == FILES
    assert not again(page).has_public_copy


@pytest.mark.django_db
def test_taking_back_is_repeated_until_the_copies_are_gone(impatient_buckets):
    page = draft()
    publish_now(page)
    publish_queue.unpublish([page], None)
    impatient_buckets.front.outage = True
    for _ in range(publish_worker.MOST_TRIES + 2):
        work()
    impatient_buckets.front.recover()
    assert len(public_keys(page)) == FILES
    assert again(page).has_public_copy
    work()
    assert not public_keys(page)


@pytest.mark.django_db
def test_a_picture_that_another_published_page_shows_stays(local_files):
    page, twin = draft(1), draft(2)
    Prompt.objects.filter(pk=twin.pk).update(
        image=page.image, variants=page.variants, draft_folder=page.draft_folder
    )
    publish_now(page, again(twin))
    publish_queue.unpublish([page], None)
    work()
    assert len(public_keys(twin)) == FILES
    twin.delete()
    work()
    assert not public_keys(page)
    assert len(private_keys(page)) == FILES


@pytest.mark.django_db
def test_only_page_files_are_touched(local_files):
    b2_upload.put("logo.png", b"logo", "image/png")
    shown = {"image": "logo.png", "variants": [{"key": "logo.png", "width": 1, "height": 1}]}
    page = make_page(1, **shown)
    publish_queue.unpublish([page], None)
    work()
    assert not again(page).has_public_copy
    page.delete()
    work()
    assert b2_upload.get("logo.png") == b"logo"


# --- deleted pages ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_deleted_pages_files_are_deleted_as_soon_as_the_storage_is_back(impatient_buckets):
    page = draft()
    publish_now(page)
    impatient_buckets.front.outage = True
    page.delete()
    work()
    impatient_buckets.front.recover()
    assert len(public_keys(page)) == FILES
    end_lease()
    work()
    assert not public_keys(page)
    assert not private_keys(page)


@pytest.mark.django_db
def test_a_new_page_of_the_same_picture_keeps_its_files(local_files):
    old = create_page(make_new(files=make_files()))
    publish_now(old)
    old.delete()
    new = create_page(make_new(files=make_files()))
    assert new.image == old.image
    publish_now(new)
    assert again(new).status == "draft", "the old one's files of the same names go first"
    assert not public_keys(new)
    end_lease()
    work()
    assert again(new).status == "published"
    assert len(public_keys(new)) == len(private_keys(new)) == 5


# --- pages of the time when drafts were public ----------------------------------------------------


def old_page(n: int, **changes) -> Prompt:
    """As the code before this wrote it: its row knows nothing of private files, all are public."""
    page = make_page(n, **changes)
    new = ("draft_folder", "has_public_copy", "files_tries", "publish_confirmed", "publish_error")
    columns = [
        field.column for field in Prompt._meta.concrete_fields if field.name not in ("id", *new)
    ]
    listed = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE old AS SELECT {listed} FROM prompts_prompt WHERE id = %s",
            [page.pk],
        )
        Prompt.objects.filter(pk=page.pk).delete()
        DeletedPage.objects.all().delete()
        cursor.execute(f"INSERT INTO prompts_prompt ({listed}) SELECT {listed} FROM old")
        cursor.execute("DROP TABLE old")
    page = Prompt.objects.get(slug=page.slug)
    for key in page_files.keys_of(page):
        b2_upload.put(key, key.encode(), "image/webp")
    return page


def hide() -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("hide_unpublished", stdout=out, stderr=io.StringIO())
    except SystemExit as ended:
        return out.getvalue().strip(), int(ended.code)
    return out.getvalue().strip(), 0


@pytest.mark.django_db
def test_what_was_out_is_hidden_once_and_published_pages_stay_as_they_are(client, any_storage):
    shown, hidden = old_page(1), [old_page(2, status="draft"), old_page(3, visibility="private")]
    address = client.get(shown.get_absolute_url()).content
    assert hide() == ("2 to hide, 2 hidden, 0 left.", 0)
    for page in hidden:
        assert not public_keys(page)
        assert len(private_keys(again(page))) == FILES
        content = private.get(page.draft_folder + page_files.name_of(page.image))
        assert content == page.image.encode()
    assert client.get(shown.get_absolute_url()).content == address
    assert len(public_keys(shown)) == FILES
    assert hide() == ("0 to hide, 0 hidden, 0 left.", 0)
    publish_now(*hidden[:1])
    assert (again(hidden[0]).status, len(public_keys(hidden[0]))) == ("published", FILES)


@pytest.mark.django_db
def test_hiding_that_was_stopped_goes_on_where_it_was(impatient_buckets):
    pages = [old_page(n, status="draft") for n in range(3)]
    impatient_buckets.front.next("internal_error")
    assert hide() == ("3 to hide, 2 hidden, 1 left.", 3)
    assert hide() == ("1 to hide, 1 hidden, 0 left.", 0)
    assert not any(public_keys(page) for page in pages)


@pytest.mark.django_db
def test_an_old_published_page_is_taken_back_and_comes_back_under_its_address(local_files):
    page = old_page(1)
    publish_queue.unpublish([page], None)
    work()
    assert not public_keys(page)
    publish_now(page)
    assert again(page).image == "pages/red-fox-1.png"
    assert b2_upload.get(page.image) == page.image.encode()


@pytest.mark.django_db
def test_an_old_draft_that_is_published_before_it_was_hidden_needs_no_copy(local_files):
    page = old_page(1, status="draft")
    publish_now(page)
    assert again(page).status == "published"
    missing = old_page(2, status="draft")
    b2_upload.delete(missing.image)
    publish_now(missing)
    assert again(missing).publish_error == publish_worker.MISSING
