"""The site's settings, with one more address."""

from prompts_manager.settings import *  # noqa: F403

ROOT_URLCONF = "bulk_admin.tests.support.upload_site"
