"""A provider in a process of its own, with pictures as heavy as real ones and a strict sliding
window.

It answers as ``OpenAIServer`` does; what it has to do when 250 calls arrive at once is prepared
before.
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import io
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFilter

from bulk_admin.testing.loopback.openai_server import OpenAIServer, image_usage
from bulk_admin.testing.pictures import PNG_END, chunk

SIZE = "1024x1024"


@functools.cache
def photo(size: str = SIZE) -> bytes:
    """A PNG with the weight of a generated one: 1.3 MB at 1024 x 1024."""
    width, height = (int(edge) for edge in size.split("x"))
    fall = Image.linear_gradient("L").resize((width, height))
    bands = []
    for turn in range(3):
        grain = Image.effect_noise((width, height), 60).filter(ImageFilter.GaussianBlur(1.3))
        bands.append(Image.blend(fall.rotate(90 * turn), grain, 0.5))
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, "PNG")
    return out.getvalue()


@functools.cache
def _start_of(size: str) -> str:
    """All of a photo's base64 but for its last chunk; a filler chunk makes its length a multiple of
    three.
    """
    start = photo(size)[:-PNG_END]
    filler = b"Title\0" + b"-" * (-(len(start) + 18) % 3)
    return base64.b64encode(start + chunk(b"tEXt", filler)).decode()


def marked(size: str, mark: str) -> str:
    """A photo as base64, recognisable by its mark; next to no work."""
    name = hashlib.sha256(mark.encode()).hexdigest().encode()
    end = chunk(b"tEXt", b"Comment\0" + name) + photo(size)[-PNG_END:]
    return _start_of(size) + base64.b64encode(end).decode()


class BusyProvider(OpenAIServer):
    def good_image(self, body: dict[str, Any], call_id: str) -> dict[str, Any]:
        return {
            "created": 1_790_000_000,
            "output_format": "png",
            "data": [{"b64_json": marked(str(body["size"]), call_id)}],
            "usage": image_usage(body),
        }


@dataclass(frozen=True)
class Running:
    """The provider as its clients and its auditor see it."""

    url: str

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def till(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_till", timeout=30) as answer:
            figures: dict[str, Any] = json.load(answer)
        return figures

    def arrivals(self) -> list[float]:
        """When each billed picture's call came in, in order."""
        return sorted(call["at"] for call in self.till()["calls"] if call["billed"])

    def refused(self) -> int:
        """Calls answered 429."""
        return sum(call["outcome"] == "rate_limited" for call in self.till()["calls"])


@contextmanager
def provider(*, limit: int = 0, latency: float = 0.0, window: float = 60.0) -> Iterator[Running]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.provider",
        "--limit",
        str(limit),
        "--latency",
        str(latency),
        "--window",
        str(window),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Running(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--window", type=float, default=60.0)
    given = parser.parse_args()
    marked(SIZE, "")
    BusyProvider(latency=given.latency, limit=given.limit, window=given.window).serve()


if __name__ == "__main__":
    main()
