"""The script that one would write in ten minutes: asyncio, a semaphore, files on disk.

It keeps no books, makes no thumbnails and loses everything when it is stopped. ``throughput`` runs
it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
from pathlib import Path

import httpx2

BODY = {
    "model": "gpt-image-2.5-flare",
    "size": "1024x1024",
    "quality": "medium",
    "output_format": "png",
    "n": 1,
}


async def make(
    client: httpx2.AsyncClient, permits: asyncio.Semaphore, number: int, folder: Path
) -> None:
    async with permits:
        while True:
            answer = await client.post(
                "images/generations", json={**BODY, "prompt": f"A lighthouse, number {number}"}
            )
            if answer.status_code != 429:
                break
            await asyncio.sleep(1.0)
    content = base64.b64decode(answer.json()["data"][0]["b64_json"])
    await asyncio.to_thread((folder / f"{number}.png").write_bytes, content)


async def run(base_url: str, at_once: int, count: int, folder: Path) -> None:
    permits = asyncio.Semaphore(at_once)
    limits = httpx2.Limits(max_connections=None, keepalive_expiry=4)
    headers = {"Authorization": "Bearer sk-loopback-0123456789"}
    async with httpx2.AsyncClient(
        base_url=f"{base_url}/", headers=headers, timeout=180, limits=limits
    ) as client:
        await asyncio.gather(*(make(client, permits, number, folder) for number in range(count)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(given.base_url, given.at_once, given.count, given.folder))


if __name__ == "__main__":
    main()
