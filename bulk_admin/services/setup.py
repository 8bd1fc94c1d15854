"""What a fresh database needs: the platform's accounts and the one-minute schedule."""

from __future__ import annotations

from typing import Any


def set_up_after_migrate(**kwargs: Any) -> None:
    """Receiver of post_migrate."""
