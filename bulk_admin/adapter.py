"""What a site makes its pages from: a page's texts, the verdict of moderation, and the tools that
open a picture. The site's own code imports these from here and from nowhere deeper.
"""

from __future__ import annotations

from bulk_admin.services.storage import pictures
from bulk_admin.services.storage.metadata import for_everybody
from bulk_admin.services.storage.pictures import Unreadable
from bulk_admin.services.writing.content import Content
from bulk_admin.services.writing.moderation import Verdict

__all__ = ["Content", "Unreadable", "Verdict", "for_everybody", "pictures"]
