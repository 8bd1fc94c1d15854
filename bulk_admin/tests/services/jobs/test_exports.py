"""A job taken along: what is in the archive, how it is named, and what it costs in memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile

import pytest
from django.core.management import call_command
from django.urls import reverse

from bulk_admin.csv_files import lines
from bulk_admin.models import ImageStatus, UnstoredImage
from bulk_admin.services.jobs import exports
from bulk_admin.services.storage import private
from bulk_admin.testing.factories import make_call, make_image, make_job, make_user
from bulk_admin.testing.pictures import png_bytes

pytestmark = pytest.mark.django_db
EXPORT = "admin:bulk_admin_bulkgenerationjob_export"
MANY = "admin:bulk_admin_bulkgenerationjob_export_many"


def with_picture(job, content=None, **fields):
    image = make_image(job, **fields)
    private.put(image.picture_key, content or png_bytes(), "image/png")
    return image


def opened(pieces):
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_an_archive_has_what_was_not_dropped_and_a_list_of_everything():
    job = make_job(0, status="completed")
    kept = with_picture(
        job, png_bytes(), prompt_text="A fox / in: “snow”", content_type="image/png"
    )
    with_picture(job, selected=False)
    make_image(job, ImageStatus.FAILED, error_message="Refused.")
    archive = opened(exports.zip_of([job]))
    assert archive.testzip() is None
    assert archive.namelist() == ["0001-1-a-fox-in-snow.png", "manifest.csv"]
    assert archive.read("0001-1-a-fox-in-snow.png") == private.get(kept.picture_key)
    rows = table(archive.read("manifest.csv"))
    assert [row["decision"] for row in rows] == ["to decide", "dropped", ""]
    assert [row["file"] for row in rows] == ["0001-1-a-fox-in-snow.png", "", ""]
    assert rows[2]["error"] == "Refused."


def test_what_a_prompt_says_is_no_path_and_no_formula():
    job = make_job(0, status="completed", name="../../etc")
    with_picture(job, prompt_text="../../../=cmd|' /C calc'!A0", content_type="image/png")
    with_picture(job, prompt_text="=HYPERLINK(1)", content_type="text/html")
    with_picture(job, prompt_text="狐狸", content_type="image/webp")
    other = make_job(0, status="completed", name="../../etc")
    names = opened(exports.zip_of([job, other])).namelist()
    short, shorter = str(job.pk)[:8], str(other.pk)[:8]
    assert names == [
        f"etc-{short}/0001-1-cmd-c-calca0.png",
        f"etc-{short}/0002-1-hyperlink1.bin",
        f"etc-{short}/0003-1.webp",
        f"etc-{short}/manifest.csv",
        f"etc-{shorter}/manifest.csv",
    ]
    rows = table(b"".join(exports.csv_of(job)))
    assert rows[1]["prompt"] == "'=HYPERLINK(1)"
    assert rows[0]["prompt"].startswith("../")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_begins_like_a_formula(text):
    content = b"".join(lines(["text"], [[text]])).decode("utf-8-sig")
    ((cell,),) = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert cell == f"'{text}"


def test_a_picture_that_the_storage_has_not_taken_comes_from_the_outbox():
    job = make_job(0, status="completed")
    image = make_image(job, content_type="image/png")
    call = make_call(image)
    job.images.update(picture_key=call.picture_key)
    UnstoredImage.objects.create(call=call, content=b"bytes", size=5, metadata={})
    archive = opened(exports.zip_of([job]))
    assert archive.read(archive.namelist()[0]) == b"bytes"


def test_a_missing_original_is_left_out_and_the_list_says_so():
    job = make_job(2, status="completed")
    archive = opened(exports.zip_of([job]))
    assert archive.namelist() == ["manifest.csv"]
    assert [row["file"] for row in table(archive.read("manifest.csv"))] == ["", ""]


def test_many_pictures_are_never_in_memory_together():
    job = make_job(0, status="completed")
    big = png_bytes() + bytes(2_000_000)
    for _ in range(20):
        with_picture(job, big)
    tracemalloc.start()
    size = sum(len(piece) for piece in exports.zip_of([job]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 40_000_000
    assert peak < 4_000_000


# --- who asks -----------------------------------------------------------------------------------


@pytest.fixture
def viewer(client):
    client.force_login(make_user("vera", "bulk_admin.view_bulkgenerationjob"))
    return client


def test_who_sees_a_job_takes_it_as_files(viewer):
    job = make_job(0, status="completed", name="Foxes")
    with_picture(job)
    answer = viewer.get(reverse(EXPORT, args=[job.pk, "zip"]))
    assert f'filename="{exports.file_name(job)}.zip"' in answer["Content-Disposition"]
    assert opened(answer.streaming_content).testzip() is None
    answer = viewer.get(reverse(EXPORT, args=[job.pk, "csv"]))
    assert len(table(b"".join(answer.streaming_content))) == 1
    assert viewer.get(reverse(EXPORT, args=[job.pk, "exe"])).status_code == 404


def test_the_list_exports_what_is_selected(viewer):
    jobs = [make_job(1, status="completed", name=name) for name in ("One", "Two")]
    answer = viewer.post(
        reverse("admin:bulk_admin_bulkgenerationjob_changelist"),
        {"action": "export", "_selected_action": [str(job.pk) for job in jobs]},
    )
    archive = opened(viewer.get(answer.url).streaming_content)
    assert {name.partition("-")[0] for name in archive.namelist()} == {"one", "two"}


@pytest.mark.parametrize("ids", ["", "x", "1,2", ","])
def test_an_address_without_jobs_leads_back_to_the_list(viewer, ids):
    assert viewer.get(reverse(MANY), {"ids": ids}).url.endswith("/bulkgenerationjob/")


# --- the command --------------------------------------------------------------------------------


def test_the_command_writes_a_whole_file_or_none(tmp_path, monkeypatch):
    job = make_job(0, status="completed")
    with_picture(job)
    target = tmp_path / "foxes.zip"
    call_command("bulk_job", str(job.pk), "export", out=str(target))
    assert zipfile.ZipFile(target).testzip() is None
    whole = target.read_bytes()

    def breaks(image):
        raise OSError("The disk is full.")

    monkeypatch.setattr(exports, "_open", breaks)
    with pytest.raises(Exception, match="could not be written"):
        call_command("bulk_job", str(job.pk), "export", out=str(target))
    assert target.read_bytes() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["foxes.zip"]
