"""Replicate over its HTTP interface: a run is submitted, then collected by its id; its picture is
copied at once, for it vanishes in an hour.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote as url_quote

import httpx2

from .account_options import DOWNLOAD_HOSTS as DOWNLOAD_HOSTS_OPTION
from .account_options import Rule, fields, number, one_of
from .base import (
    CheckResult,
    Credentials,
    ImageOptions,
    ImageProvider,
    ImageResult,
    NotYet,
    Submitted,
    parse_size,
)
from .errors import (
    BadAddress,
    BadKey,
    BadRequest,
    Billed,
    ModelRetired,
    NotDownloaded,
    NotSent,
    OutcomeUnknown,
    Overloaded,
    PromptBlocked,
    PromptRejected,
    ProviderError,
    UnsupportedOption,
)
from .http.client import clean, new_client, sendable, timeouts, transport_error
from .http.error_table import error_class, error_for
from .http.fetch import fetch_picture
from .http.json_body import read_json, text_of, texts_in
from .http.refusals import Refusal, read_refusal

BASE_URL = "https://api.replicate.com/v1"
DOWNLOAD_HOSTS = ("replicate.delivery",)
CREATES_PER_MINUTE = 600
POLL_SECONDS = 1.0
REQUEST_SECONDS = 30.0
DOWNLOAD_SECONDS = 30.0
RUN_SECONDS = 1800.0  # a run is ended after 30 minutes
LATER = 15.0  # seconds between looks while something is wrong
RATIOS = ("1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4", "4:5", "5:4", "21:9", "9:21")
UNFINISHED = ("starting", "processing")
ADDRESS = re.compile(r"https?:|data:", re.IGNORECASE)
BLOCKED = re.compile(r"flagged as sensitive|\bE005\b|NSFW content", re.IGNORECASE)
# Of a model, a version or a run; of any other address it says that the address is wrong.
NOT_FOUND = "The requested resource could not be found."


class ReplicateProvider(ImageProvider):
    name = "replicate"
    takes_seed: ClassVar[bool] = True
    formats: ClassVar[tuple[str, ...]] = ("webp", "png", "jpg", "jpeg")
    holds_calls: ClassVar[bool] = True
    account_options: ClassVar[Mapping[str, Rule]] = {
        "input": fields(),
        "size_mode": one_of("aspect_ratio", "width_height"),
        "poll_seconds": number(0.01, 60),
        **DOWNLOAD_HOSTS_OPTION,
    }

    def __init__(self, credentials: Credentials, *, timeout: float = 180.0) -> None:
        super().__init__(credentials, timeout=timeout)
        self._base_url = credentials.base_url or BASE_URL
        self._client = new_client(
            REQUEST_SECONDS, self._base_url, private_network=credentials.private_network
        )

    def generate(
        self, prompt: str, size: str, quality: str, n: int = 1, *, options: ImageOptions
    ) -> list[ImageResult]:
        self.refuse_unsupported(size, quality, n, options)
        ends = time.monotonic() + (options.timeout or self.timeout)
        submitted = self.submit(prompt, size, quality, options=options)
        return self.wait_for(submitted, ends - time.monotonic())

    def submit(self, prompt: str, size: str, quality: str, *, options: ImageOptions) -> Submitted:
        self.refuse_unsupported(size, quality, 1, options)
        path, body = self._request(prompt, size, options)
        seconds = min(REQUEST_SECONDS, options.timeout or self.timeout)
        response = self._send("POST", path, seconds, body)
        if response.status_code not in (200, 201, 202):
            raise self._error(response, prompt=prompt)
        return Submitted(
            remote_id=_json(response).get("id") or "",
            poll_in=self._poll_seconds,
            hold_for=RUN_SECONDS,
        )

    def collect(self, remote_id: str) -> list[ImageResult] | NotYet:
        run = self._look(remote_id)
        if isinstance(run, NotYet):
            return run
        if run.get("status") in (*UNFINISHED, None):
            return NotYet(self._poll_seconds)
        if run["status"] != "succeeded":
            raise _failed(run, remote_id, self.credentials.api_key)
        contents = self._download(run, remote_id)
        if isinstance(contents, NotYet):
            return contents
        return [
            ImageResult(content=content, request_id=remote_id, http_status=200)
            for content in contents
        ]

    def get_rate_limit(self) -> int:
        return self.credentials.images_per_minute or CREATES_PER_MINUTE

    def check(self, model: str = "") -> CheckResult:
        try:
            for path in ("/account", *([f"/models/{_slug(model)}"] if model else [])):
                response = self._send("GET", path, REQUEST_SECONDS)
                if response.status_code != 200:
                    raise self._error(response, names_model=path != "/account")
        except ProviderError as error:
            return CheckResult.of(error)
        return CheckResult(
            code="", message=f"The token works{f' and {model} is there' if model else ''}."
        )

    def close(self) -> None:
        self._client.close()

    @property
    def _poll_seconds(self) -> float:
        return float(self.credentials.options.get("poll_seconds", POLL_SECONDS))

    def _request(self, prompt: str, size: str, options: ImageOptions) -> tuple[str, dict[str, Any]]:
        """Path and body of a create.

        The account's option ``input`` holds fields that go with every run.
        """
        model, output_format = options.model, options.output_format
        given = {**self.credentials.options.get("input", {}), "prompt": prompt, **self._size(size)}
        if options.seed is not None:
            given["seed"] = options.seed
        if output_format:
            given["output_format"] = "jpg" if output_format == "jpeg" else output_format
        if ":" in model:
            return "/predictions", {"version": model.partition(":")[2], "input": given}
        return f"/models/{_slug(model)}/predictions", {"input": given}

    def _size(self, size: str) -> dict[str, Any]:
        width, height = parse_size(size)
        if self.credentials.options.get("size_mode") == "width_height":
            return {"width": width, "height": height}
        return {"aspect_ratio": aspect_ratio(width, height)}

    def _look(self, remote_id: str) -> Mapping[str, Any] | NotYet:
        """The run as it is now. Raises OutcomeUnknown when the provider does not know it."""
        try:
            response = self._send(
                "GET", f"/predictions/{url_quote(remote_id, safe='')}", REQUEST_SECONDS
            )
        except (BadAddress, BadKey, NotSent, OutcomeUnknown) as error:
            return NotYet(self._poll_seconds, f"The run could not be looked up. {error.message}")
        if response.status_code == 404 and not read_refusal(response.content).is_page:
            raise OutcomeUnknown(
                "The provider does not know the run: HTTP 404.",
                http_status=404,
                request_id=remote_id,
            )
        failed = f"The run could not be looked up: HTTP {response.status_code}."
        if response.status_code in (401, 403, 429):
            return NotYet(max(LATER, self._poll_seconds), failed)
        try:
            return (
                _json(response)
                if response.status_code == 200
                else NotYet(self._poll_seconds, failed)
            )
        except OutcomeUnknown as error:
            return NotYet(self._poll_seconds, error.detail)

    def _download(self, run: Mapping[str, Any], remote_id: str) -> list[bytes] | NotYet:
        output = run.get("output")
        urls: list[str] = [*filter(ADDRESS.match, texts_in(output))]
        if isinstance(output, str) and output:
            urls = [output]
        if not urls:
            raise OutcomeUnknown(
                "The run succeeded, but names no picture.", http_status=200, request_id=remote_id
            )
        try:
            return [self.download(url) for url in urls]
        except NotDownloaded as error:
            if error.may_come:
                return NotYet(max(LATER, self._poll_seconds), error.detail)
            error.http_status, error.request_id = 200, remote_id
            raise

    @property
    def download_hosts(self) -> tuple[str, ...]:
        return (*DOWNLOAD_HOSTS, *super().download_hosts)

    def download(self, address: str) -> bytes:
        return fetch_picture(
            address,
            base_url=self._base_url,
            hosts=self.download_hosts,
            private_network=self.credentials.private_network,
            seconds=DOWNLOAD_SECONDS,
        )

    def _send(self, method: str, path: str, seconds: float, body: object = None) -> httpx2.Response:
        key = self.credentials.api_key
        if not sendable(key):
            raise BadKey("It holds characters that no token has: copy it again.")
        try:
            return self._client.request(
                method,
                path.lstrip("/"),
                json=body,
                headers={"Authorization": f"Bearer {key}"},
                timeout=timeouts(seconds),
            )
        except httpx2.HTTPError as error:
            raise transport_error(error, seconds) from error

    def _error(
        self, response: httpx2.Response, *, prompt: str = "", names_model: bool = True
    ) -> ProviderError:
        return error_for(
            response.status_code,
            response.headers,
            response.content,
            key=self.credentials.api_key,
            prompt=prompt,
            kind_of=_kind_with_model if names_model else _kind,
        )


def aspect_ratio(width: int, height: int) -> str:
    """The ratio on offer that is nearest, a step to wide being as far as a step to tall."""

    def distance(ratio: str) -> float:
        across, down = ratio.split(":")
        return abs(math.log(width * int(down) / (height * int(across))))

    return min(RATIOS, key=distance)


def _kind_with_model(status: int, refusal: Refusal, prompt: str) -> type[ProviderError]:
    if status == 404 and refusal.message == NOT_FOUND:
        return ModelRetired
    return _kind(status, refusal, prompt)


def _kind(status: int, refusal: Refusal, prompt: str) -> type[ProviderError]:
    """As everywhere, but that its 400 and 422 are about the settings, or name the prompt."""
    kind = error_class(status, refusal, prompt)
    if status not in (400, 422) or kind is not PromptRejected or refusal.is_page:
        return kind
    return PromptRejected if "input.prompt" in refusal.message else BadRequest


def _failed(run: Mapping[str, Any], remote_id: str, key: str) -> ProviderError:
    """A run that ended without a picture.

    Nothing says whether it is billed; one that computed may be.
    """
    status, text = str(run["status"]), clean(run.get("error"), key)
    metrics = run.get("metrics")
    billed: Billed = (
        "unknown"
        if status == "canceled" or (isinstance(metrics, Mapping) and metrics.get("predict_time"))
        else "no"
    )
    if status == "aborted":
        return Overloaded(
            "The run was ended before it began.", http_status=200, request_id=remote_id
        )
    if BLOCKED.search(text):
        return PromptBlocked(text, http_status=200, request_id=remote_id, billed=billed)
    if status == "canceled":
        return PromptRejected(
            "The run was cancelled at the provider.",
            http_status=200,
            request_id=remote_id,
            billed=billed,
        )
    return PromptRejected(
        text or f"The run ended as {status}.", http_status=200, request_id=remote_id, billed=billed
    )


def _json(response: httpx2.Response) -> Mapping[str, Any]:
    try:
        answer = read_json(text_of(response.content))
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        raise OutcomeUnknown("The answer could not be read.", http_status=response.status_code)
    return answer


def _slug(model: str) -> str:
    """owner/name, safe in a path. Raises UnsupportedOption."""
    owner, slash, name = model.partition(":")[0].partition("/")
    if not (owner and slash and name) or "/" in name:
        raise UnsupportedOption(f"The model {model!r} is not owner/name.")
    return f"{url_quote(owner, safe='')}/{url_quote(name, safe='')}"
