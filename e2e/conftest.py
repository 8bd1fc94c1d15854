"""A real browser on a live server with a real worker; the console stays empty and nothing leaves
loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from bulk_admin.testing.factories import make_user
from bulk_admin.tests.support.fixtures import STAFF_PERMISSIONS
from e2e.browser import QUIET, executable
from e2e.pages import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)
LOCAL = ("127.0.0.1", "localhost", "[::1]", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:  # the tests in folders drive no browser
            item.add_marker(pytest.mark.e2e)


class Watch:
    """What a browser must not do during a test."""

    def __init__(self) -> None:
        self.console: list[str] = []
        self.outgoing: list[str] = []

    def page(self, page: Page) -> None:
        page.on("console", self.said)
        page.on("pageerror", lambda error: self.console.append(f"{page.url}: {error}"))

    def said(self, message: ConsoleMessage) -> None:
        self.console.append(
            f"{message.location.get('url', '')}:{message.location.get('lineNumber', '')}"
            f" {message.type}: {message.text}"
        )

    def request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and (parts.hostname or "") not in LOCAL:
            self.outgoing.append(request.url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def new_context(
    browser: Browser, live_server: Any, watch: Watch
) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser contexts on the live server; each is watched:

    ``new_context(color_scheme="dark")``.
    """
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        context = browser.new_context(
            **{
                "base_url": live_server.url,
                "viewport": {"width": 1280, "height": 900},
                "permissions": ["clipboard-read", "clipboard-write"],
                **options,
            }
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.on("page", watch.page)
        context.on("request", watch.request)
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert not watch.outgoing, f"requests left loopback: {watch.outgoing}"
    assert not watch.console, "the browser console is not empty:\n" + "\n".join(watch.console)


def log_in(context: BrowserContext, user: Any, url: str) -> None:
    """Give a context the session of a user, without the login page."""
    client = Client()
    client.force_login(user)
    context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}]
    )


@pytest.fixture
def staff(db: None) -> Any:
    """Staff who may also change pages and publish them."""
    of_pages = [f"prompts.{what}" for what in ("view_prompt", "change_prompt", "publish")]
    return make_user("sam", *STAFF_PERMISSIONS, *of_pages)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page of someone who is not logged in."""
    return new_context().new_page()


@pytest.fixture
def staff_page(new_context: Callable[..., BrowserContext], staff: Any, live_server: Any) -> Page:
    """A page of staff who may generate and create pages."""
    context = new_context()
    log_in(context, staff, live_server.url)
    return context.new_page()
