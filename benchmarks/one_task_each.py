"""The usual way: a Django-Q2 task for each picture, which calls, stores and makes thumbnails.

It has no ledger and no limit of its own: it is as fast as this way can be. ``throughput`` runs it.
"""

from __future__ import annotations

import time

from bulk_admin.services.image_providers import (
    Credentials,
    ImageOptions,
    ImageResult,
    provider_class,
)
from bulk_admin.services.image_providers.errors import RateLimited
from bulk_admin.services.storage import storing

TASK = "benchmarks.one_task_each.make_picture"
SETTINGS = {"size": "1024x1024", "quality": "medium"}


def make_picture(number: int, base_url: str) -> None:
    provider = provider_class("openai")(
        Credentials(api_key="sk-loopback-0123456789", base_url=base_url, private_network=True)
    )
    call_id = f"task-{number}"
    storing.store(f"originals/tasks/{call_id}", _asked(provider, number, call_id).content, {})
    provider.close()


def _asked(provider: object, number: int, call_id: str) -> ImageResult:
    while True:
        try:
            return provider.generate(
                f"A lighthouse, number {number}",
                options=ImageOptions(model="gpt-image-2.5-flare", client_request_id=call_id),
                **SETTINGS,
            )[0]
        except RateLimited as error:
            time.sleep(error.retry_after or 1.0)
