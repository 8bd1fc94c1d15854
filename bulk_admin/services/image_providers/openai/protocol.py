"""The OpenAI protocol for pictures, as OpenAI itself and the servers that imitate it speak it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import httpx2
import openai

from bulk_admin.services.image_providers.base import (
    CheckResult,
    Credentials,
    ImageOptions,
    ImageProvider,
    ImageResult,
    ListedModel,
)
from bulk_admin.services.image_providers.errors import (
    BadKey,
    OutcomeUnknown,
    ProviderError,
)
from bulk_admin.services.image_providers.http.client import (
    new_client,
    sendable,
    timeouts,
    transport_error,
)
from bulk_admin.services.image_providers.http.error_table import error_for
from bulk_admin.services.image_providers.http.fetch import (
    FetchRefused,
    decode_base64,
    fetch_picture,
)
from bulk_admin.text import clean_usage

from .answers import (
    address_in,
    encoded_in,
    items_in,
    picture_body,
    read_answer,
    request_id_of,
    words_of,
)

CHECK_SECONDS = 20.0


class OpenAIProtocol(ImageProvider):
    """A subclass says what to send (``payload``)."""

    path: ClassVar[str] = "/images/generations"
    takes_quality: ClassVar[bool] = True
    max_pictures: ClassVar[int] = 10

    def __init__(self, credentials: Credentials, *, timeout: float = 180.0) -> None:
        super().__init__(credentials, timeout=timeout)
        self._client = openai.OpenAI(
            api_key=credentials.api_key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=timeouts(timeout),
            http_client=new_client(
                timeout, self.base_url, private_network=credentials.private_network
            ),
        )
        # The SDK reads them from the environment; they belong to another account's key.
        self._client.organization = self._client.project = None

    @property
    @abstractmethod
    def base_url(self) -> str: ...

    @abstractmethod
    def payload(
        self, prompt: str, size: str, quality: str, n: int, options: ImageOptions
    ) -> dict[str, Any]:
        """The request's body, of what was not refused."""

    def generate(
        self, prompt: str, size: str, quality: str, n: int = 1, *, options: ImageOptions
    ) -> list[ImageResult]:
        self.refuse_unsupported(size, quality, n, options)
        call_id = options.client_request_id
        response = self._post(
            self.payload(prompt, size, quality, n, options),
            options.timeout or self.timeout,
            {"X-Client-Request-Id": call_id} if call_id else {},
        )
        return self._results(response, size, quality)

    def content_of(self, item: Mapping[str, Any]) -> bytes:
        """The picture in one entry of the answer; empty when there is none.

        Raises OutcomeUnknown.
        """
        try:
            if content := decode_base64(encoded_in(item)):
                return content
        except FetchRefused as error:
            raise OutcomeUnknown(f"The picture was made, but it is {error}.") from error
        address = address_in(item)
        return self.download(address) if address else b""

    def download(self, address: str) -> bytes:
        return fetch_picture(
            address,
            base_url=self.base_url,
            hosts=self.download_hosts,
            private_network=self.credentials.private_network,
        )

    def check(self, model: str = "") -> CheckResult:
        try:
            return self._check_model(model) if model else self._check_key()
        except ProviderError as error:
            return CheckResult.of(error)

    def list_models(self) -> list[ListedModel]:
        rows = read_answer(self._get("/models")).get("data")
        return (
            [listed(row) for row in rows if isinstance(row, Mapping) and row.get("id")]
            if isinstance(rows, list)
            else []
        )

    def close(self) -> None:
        self._client.close()

    def _check_key(self) -> CheckResult:
        return CheckResult(
            code="", message=f"The key works; {len(self.list_models())} models are listed."
        )

    def _check_model(self, model: str) -> CheckResult:
        self.look_up(model)
        return CheckResult(code="", message=f"The key works and {model} is listed.")

    def look_up(self, model: str) -> ListedModel:
        return listed(read_answer(self._get(f"/models/{quote(model, safe='')}")))

    def _post(
        self, body: Mapping[str, Any], seconds: float, headers: Mapping[str, str]
    ) -> httpx2.Response:
        return self._once(
            lambda how: self._client.post(
                self.path, cast_to=httpx2.Response, body=dict(body), options=how
            ),
            seconds,
            headers,
            prompt=str(body.get("prompt", "")),
        )

    def _get(self, path: str) -> httpx2.Response:
        return self._once(
            lambda how: self._client.get(path, cast_to=httpx2.Response, options=how),
            CHECK_SECONDS,
            {},
        )

    def _once(
        self,
        send: Callable[[Any], httpx2.Response],
        seconds: float,
        headers: Mapping[str, str],
        *,
        prompt: str = "",
    ) -> httpx2.Response:
        """One request, or one of our errors.

        Raised outside the except blocks: the SDK's own errors quote answers, and keys in them.
        """
        key = self.credentials.api_key
        if not sendable(key):
            raise BadKey("It holds characters that no key has: copy it again.")
        authorization = {} if key else {"Authorization": openai.Omit()}
        failure: ProviderError
        try:
            return send(
                {
                    "headers": {**headers, **authorization},
                    "timeout": timeouts(seconds),
                    "max_retries": 0,
                }
            )
        except openai.APIStatusError as error:
            failure = error_for(
                error.status_code,
                error.response.headers,
                error.response.content,
                key=key,
                prompt=prompt,
            )
        except openai.APIError as error:
            failure = transport_error(error, seconds)
        raise failure

    def _results(self, response: httpx2.Response, size: str, quality: str) -> list[ImageResult]:
        """Usage is the whole call's, so the first picture carries it."""
        request_id = request_id_of(response)
        if body := picture_body(response):
            answer: Mapping[str, Any] = {}
            pictures = [(answer, body)]
        else:
            answer = read_answer(response, self.credentials.api_key)
            pictures = self._pictures_in(answer, response)
        usage = read_usage(answer.get("usage"))
        return [
            ImageResult(
                content=content,
                usage=usage if index == 0 else {},
                request_id=request_id,
                http_status=response.status_code,
                revised_prompt=_string(item.get("revised_prompt")),
                size=_string(answer.get("size")) or size,
                quality=_string(answer.get("quality")) or quality,
            )
            for index, (item, content) in enumerate(pictures)
        ]

    def _pictures_in(
        self, answer: Mapping[str, Any], response: httpx2.Response
    ) -> list[tuple[Mapping[str, Any], bytes]]:
        """Entries with their pictures. Raises OutcomeUnknown when there is none."""
        try:
            pictures = [(i, content) for i in items_in(answer) if (content := self.content_of(i))]
            if pictures:
                return pictures
            failure = OutcomeUnknown(words_of(answer, self.credentials.api_key))
        except OutcomeUnknown as error:
            failure = error
        failure.http_status, failure.request_id = response.status_code, request_id_of(response)
        failure.usage = dict(read_usage(answer.get("usage")))
        raise failure


def listed(row: Mapping[str, Any]) -> ListedModel:
    return ListedModel(
        name=_string(row.get("id")), shutdown_date=_string(row.get("shutdown_date"))[:10]
    )


def read_usage(usage: object) -> dict[str, int]:
    """Token counts by kind; empty when the answer does not report them all as counts, so that
    nobody takes it for free.
    """
    if not isinstance(usage, Mapping) or usage.get("output_tokens") is None:
        return {}
    given, made = (
        _mapping(usage.get("input_tokens_details")),
        _mapping(usage.get("output_tokens_details")),
    )
    reported = {
        "input": usage.get("input_tokens"),
        "output": usage["output_tokens"],
        "text_input": given.get("text_tokens"),
        "image_input": given.get("image_tokens"),
        "image_output": made.get("image_tokens"),
        "text_output": made.get("text_tokens"),
    }
    tokens = clean_usage({kind: count for kind, count in reported.items() if count is not None})
    if not tokens:
        return {}
    image_input = tokens.get("image_input", 0)
    return {
        "text_input": tokens.get("text_input", max(0, tokens.get("input", 0) - image_input)),
        "image_input": image_input,
        "image_output": tokens.get("image_output", tokens["output"]),
        "text_output": tokens.get("text_output", 0),
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
