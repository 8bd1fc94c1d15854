"""What a site's own code imports of the generator: the page adapter that it writes, what a page is
made of, the tools that open a picture, private storage, and what a step of a worker needs.
"""

from __future__ import annotations

from bulk_admin.failpoints import reach
from bulk_admin.formats import duration
from bulk_admin.selectors.page_link import JobLink, job_of
from bulk_admin.services.database import database_now, whole_step
from bulk_admin.services.facts import Fact, State
from bulk_admin.services.page_adapter import (
    PageAdapter,
    PageDraft,
    PageInfo,
    PageNotCreated,
    Rendition,
    Review,
)
from bulk_admin.services.pages.rewriting import RewriteRefused, price_of_rewriting, rewrite
from bulk_admin.services.queue.page_queue import forget_page, reclaim_page
from bulk_admin.services.storage import pictures, private
from bulk_admin.services.storage.metadata import for_everybody
from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.worker import draining
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.moderation import Verdict

__all__ = [
    "Content",
    "Fact",
    "JobLink",
    "PageAdapter",
    "PageDraft",
    "PageInfo",
    "PageNotCreated",
    "Rendition",
    "Review",
    "RewriteRefused",
    "State",
    "Unreadable",
    "Verdict",
    "database_now",
    "draining",
    "duration",
    "for_everybody",
    "forget_page",
    "job_of",
    "pictures",
    "price_of_rewriting",
    "private",
    "reach",
    "reclaim_page",
    "rewrite",
    "whole_step",
]
