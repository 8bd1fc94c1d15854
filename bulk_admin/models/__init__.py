from .accounts import Pool, ProviderAccount
from .catalogue import ImageModel, ModelPrice
from .changes import Change
from .images import GeneratedImage
from .jobs import BulkGenerationJob
from .ledger import ProviderCall, Spend, UnstoredImage
from .people import PersonSettings
from .statuses import (
    ACTIVE_JOBS,
    ENDED_JOBS,
    MADE_PAGES,
    NEW_PAGES,
    OPEN_PAGES,
    TEXT_STEPS,
    Billed,
    CallKind,
    CallState,
    ImageStatus,
    JobStatus,
    PageStatus,
)
from .workers import Worker

__all__ = [
    "ACTIVE_JOBS",
    "ENDED_JOBS",
    "MADE_PAGES",
    "NEW_PAGES",
    "OPEN_PAGES",
    "TEXT_STEPS",
    "Billed",
    "BulkGenerationJob",
    "CallKind",
    "CallState",
    "Change",
    "GeneratedImage",
    "ImageModel",
    "ImageStatus",
    "JobStatus",
    "ModelPrice",
    "PageStatus",
    "PersonSettings",
    "Pool",
    "ProviderAccount",
    "ProviderCall",
    "Spend",
    "UnstoredImage",
    "Worker",
]
