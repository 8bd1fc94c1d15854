"""The site's ``BULK`` setting: ``conf.LEASE`` is ``BULK["LEASE"]``, or the default below."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from bulk_admin.services.page_adapter import PageAdapter


class Conf:
    """Every name that ``BULK`` may hold, with what holds when the site says nothing."""

    PAGES: str = ""  # the dotted path of the site's PageAdapter
    STYLE_NOTE: str = ""  # the site's style, as the text model is told, unless the adapter says it
    STORAGE: str = "private"  # the entry of STORAGES that keeps bought pictures
    PAGE_STORAGE: str = ""  # another one, that pages' files go to: Health tries it too
    SITE_URL: str = ""  # https://example.com: what addresses in mails and commands begin with
    CREDENTIAL_KEYS: Sequence[str] = ()  # encrypt stored keys, newest first; none: SECRET_KEY does

    # The platform's providers
    USE_SITE_KEYS: bool = False  # the project's OPENAI_API_KEY and REPLICATE_API_TOKEN are its keys
    OPENAI_BASE_URL: str = "https://api.openai.com/v1"
    OPENAI_IMAGES_PER_MINUTE: int = 0  # 0: what the account's tier allows
    OPENAI_TEXT_MODEL: str = "gpt-6-luna"
    OPENAI_MODERATION_MODEL: str = "omni-moderation-latest"
    REPLICATE_BASE_URL: str = "https://api.replicate.com/v1"

    WORKERS: int = 2  # processes of a worker: one runs the pump, another the other tasks

    # PostgreSQL: end every transaction of the project that stands still, not only those on our rows
    GUARD_ALL_TRANSACTIONS: bool = False

    # Bounds. 0 turns a brake off.
    MAX_IN_FLIGHT: int = 300  # calls at once, per host
    NO_USE_AFTER: int = 3  # billed outcomes in a row that brought no usable picture
    BREAKER_AFTER: int = 20  # pictures in a row that failed or were blocked
    BREAKER_SHARE: float = 0.5  # of at least BREAKER_AFTER pictures
    SLOW_START: int = 3  # calls at once to a model that has not delivered in the last day
    TRASH_DAYS: int = 30  # after which what is in the trash is deleted for good
    OUTBOX_PICTURES: int = 200
    OUTBOX_BYTES: int = 300 * 1024 * 1024

    # Seconds. Tests shorten them; nobody else should need to.
    WINDOW: float = 60.0  # that a provider's limit per minute is counted over
    GUARD: float = 0.5  # added to it
    PERMIT_AGE: float = 2.0  # up to which a call may still leave
    HEARTBEAT: float = 20.0
    LEASE: float = 90.0  # without a beat, after which a worker is taken for dead
    RESCUE_EVERY: float = 30.0
    LOOK_AGAIN: Sequence[float] = (120.0, 3600.0)  # for what an unknown call may have stored
    SLICE: float = 240.0  # that one pump opens calls
    GRACE: float = 24.0  # that a worker has to end its calls when it is told to stop
    CALL_DEADLINE: float = 180.0
    SLOW_CALL_DEADLINE: float = 300.0
    STORAGE_DEADLINE: float = 30.0
    COLLECT_SECONDS: float = 60.0  # after which another collector may ask for a held call
    RETRY_BACKOFF: float = 5.0
    NO_WORKER_AFTER: float = 60.0
    POLL_SECONDS: float = 2.0  # between two looks of the job page

    # The file that a host's one opening pump locks. "": one in the temporary folder.
    PUMP_LOCK: str = ""

    if not TYPE_CHECKING:  # which takes any name for sound where this method is

        def __getattribute__(self, name: str) -> Any:
            own = getattr(settings, "BULK", {}) if name.isupper() else {}
            if isinstance(own, Mapping) and name in own:  # a check reports anything but a dict
                return own[name]
            return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Set BULK[{name!r}] in the settings.")


DEFAULTS: dict[str, Any] = {name: value for name, value in vars(Conf).items() if name.isupper()}
conf = Conf()


def pump_lock() -> Path:
    """The file that says which pump of this host opens calls on the site's database."""
    if conf.PUMP_LOCK:
        return Path(conf.PUMP_LOCK)
    database = settings.DATABASES["default"]
    where = "|".join(str(database.get(part, "")) for part in ("HOST", "PORT", "NAME"))
    fingerprint = hashlib.sha256(where.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"bulk-pump-{fingerprint}.lock"


def page_adapter() -> PageAdapter:
    """What the site makes its pages with. Raises ImproperlyConfigured, ImportError."""
    if not conf.PAGES:
        raise ImproperlyConfigured(
            'BULK names no page adapter: write BULK = {"PAGES": "yourapp.bulk.YourPages"}.'
        )
    return _adapter(conf.PAGES)


@lru_cache(maxsize=8)
def _adapter(path: str) -> PageAdapter:
    made: PageAdapter = import_string(path)()
    return made


def model_of_pages() -> str:
    """``app_label.ModelName`` of the pages; "" where there is no adapter that says it, which the
    system checks report.
    """
    try:
        adapter = page_adapter()
        return adapter.model if adapter.model and adapter.page_model else ""
    except Exception:  # noqa: BLE001  # it is the project's code that runs
        return ""
