"""What all tests and their workers run with: the site's settings, and the small pages beside its
own, for the tests of the generator. ``BULK_PAGES`` tells a process which of the two are made.
"""

import os

from prompts_manager.settings import *  # noqa: F403  # a settings module over another
from prompts_manager.settings import BULK, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bulk_admin.testing.pages"]
BULK["PAGES"] = os.environ.get("BULK_PAGES", BULK["PAGES"])
