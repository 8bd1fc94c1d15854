"""The tests' settings, with one more address."""

from bulk_admin.tests.support.settings import *  # noqa: F403  # a settings module over another

ROOT_URLCONF = "bulk_admin.tests.support.upload_site"
