"""s3rver as the bucket: what a job buys is kept there, and read back."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages

from bulk_admin.b2 import b2_options
from bulk_admin.testing.factories import make_account
from bulk_admin.tests.support.auditor import audit

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
KEY, SECRET = "S3RVER", "S3RVER"


@pytest.fixture
def bucket(peer, settings, tmp_path):
    """The environment that has a worker keep its files there; the web process does too."""
    words = ("-d", str(tmp_path / "s3"), "-a", "127.0.0.1", "-p", "{port}", "--no-vhost-buckets")
    buckets = ("--configure-bucket", "pages", "--configure-bucket", "originals")
    url = peer("s3rver", *words, *buckets)
    where = {"endpoint_url": url, "region": "us-east-1", "key_id": KEY, "application_key": SECRET}
    settings.STORAGES = {
        **settings.STORAGES,
        **{
            alias: {
                "BACKEND": "bulk_admin.b2.B2Storage",
                "OPTIONS": b2_options(name, **where),
            }
            for alias, name in (("default", "pages"), ("private", "originals"))
        },
    }
    return {
        "B2_ENDPOINT_URL": url,
        "B2_REGION": "us-east-1",
        "B2_BUCKET": "pages",
        "B2_PRIVATE_BUCKET": "originals",
        "B2_KEY_ID": KEY,
        "B2_APPLICATION_KEY": SECRET,
    }


def test_a_job_keeps_its_pictures_there(bucket, run_job):
    job = run_job(make_account(options={"delay": 0}), 6, **bucket)
    assert (job.status, job.completed_count) == ("completed", 6)
    for image in job.images.all():
        for key in (image.picture_key, image.thumb_300, image.thumb_600):
            assert storages["private"].open(key).read()
    assert audit() == []
