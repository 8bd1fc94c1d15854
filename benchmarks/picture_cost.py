"""Decode, thumbnails and storing of one picture, against Pillow alone.

python -m benchmarks.picture_cost --times 40
"""

from __future__ import annotations

import argparse
import io
import time
import uuid
from collections.abc import Callable

from PIL import Image

from benchmarks import site
from benchmarks.provider import photo
from benchmarks.report import head, quantiles, tell
from bulk_admin.services.storage import storing


def pillow_alone(content: bytes) -> None:
    """The least that two thumbnails need: no checks, no files."""
    with Image.open(io.BytesIO(content)) as picture:
        picture.draft("RGB", (1200, 1200))
        small = picture.convert("RGB")
        for side in (600, 300):
            small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
            small.save(io.BytesIO(), "WEBP", quality=80, method=2)


def ours(content: bytes) -> None:
    storing.store(
        storing.original_key(uuid.uuid4(), uuid.uuid4()), content, {"usage": {"output_tokens": 600}}
    )


def as_format(name: str) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(out, name, quality=90)
    return out.getvalue()


def milliseconds(
    step: Callable[[bytes], None], content: bytes, times: int
) -> tuple[list[float], list[float]]:
    """Wall and processor time of each of so many runs."""
    walls, processor = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        step(content)
        walls.append((time.perf_counter() - wall) * 1000)
        processor.append((time.process_time() - cpu) * 1000)
    return walls, processor


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--database", choices=site.DATABASES, default="sqlite")
    parser.add_argument("--quick", action="store_true", help="a few times")
    given = parser.parse_args()
    times = 3 if given.quick else given.times
    head()
    for name in ("PNG", "JPEG", "WEBP"):
        content = photo() if name == "PNG" else as_format(name)
        ours_wall, ours_cpu = (
            quantiles(values)[0] for values in milliseconds(ours, content, times)
        )
        _, bare_cpu = (
            quantiles(values)[0] for values in milliseconds(pillow_alone, content, times)
        )
        run = f"1024x1024 {name}, {len(content) / 1000:.0f} kB, local disk with fsync"
        figure = f"{ours_cpu:.0f} ms of processor, {ours_wall:.0f} ms in all"
        tell(
            "Checked, stored, two thumbnails stored",
            run,
            figure,
            f"Pillow alone: {bare_cpu:.0f} ms of processor",
            f"{ours_cpu / bare_cpu:.2f} times",
        )


if __name__ == "__main__":
    main()
