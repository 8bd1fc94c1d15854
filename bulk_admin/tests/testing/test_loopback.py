"""The pretended servers are what other tests are held against, so they are held to something
themselves.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
import urllib.request
import warnings

import boto3
import botocore.exceptions
import openai
import pydantic
import pytest
from botocore.config import Config
from PIL import Image

from bulk_admin.testing import pictures
from bulk_admin.testing.loopback.faults import FAULTS, FaultPlan
from bulk_admin.testing.loopback.openai_server import OpenAIServer
from bulk_admin.testing.loopback.s3_server import APPLICATION_KEY, KEY_ID, S3Server
from bulk_admin.testing.loopback.till import SlidingWindow


class PageTexts(pydantic.BaseModel):
    title: str
    description: str
    tags: list[str]
    alt_text: str


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def client(server):
    with openai.OpenAI(api_key="sk-x", base_url=server.base_url, max_retries=0) as client:
        yield client


def test_page_texts_fit_the_schema_and_the_prompt(server, client):
    picture = {"type": "input_image", "image_url": "data:image/jpeg;base64,AAAA", "detail": "low"}
    given = [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Write for:\nA lighthouse on a basalt cliff"},
                picture,
            ],
        }
    ]
    texts = client.responses.parse(
        model="gpt-6-luna", input=given, text_format=PageTexts
    ).output_parsed
    assert 40 <= len(texts.title) <= 60 and "Lighthouse" in texts.title
    assert "lighthouse" in texts.tags and texts.alt_text.startswith("A picture of lighthouse")
    assert [(call.outcome, call.billed) for call in server.till.calls("text")] == [("ok", True)]


def test_a_text_can_be_refused_or_cut(server, client):
    server.text_plan.next("refusal", "incomplete")
    assert (
        client.responses.parse(
            model="gpt-6-luna", input="A fox", text_format=PageTexts
        ).output_parsed
        is None
    )
    with pytest.raises(pydantic.ValidationError):
        client.responses.parse(model="gpt-6-luna", input="A fox", text_format=PageTexts)


def test_moderation_flags_what_says_so_and_is_free(server, client):
    assert not client.moderations.create(input="A fox").results[0].flagged
    assert (
        client.moderations.create(input=[{"type": "text", "text": "A fox [flagged]"}])
        .results[0]
        .categories.violence
    )
    assert server.till.billed("moderation") == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"size": "auto"}, "size"),
        ({"quality": "auto"}, "quality"),
        ({"size": "1920x1080"}, "size"),
        ({"style": "vivid"}, "style"),
        ({"prompt": ""}, "prompt"),
    ],
)
def test_a_request_that_openai_would_not_take_is_refused_unbilled(server, client, body, param):
    good = {"model": "gpt-image-2", "prompt": "A fox", "size": "1024x1024", "quality": "low"}
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/images/generations", cast_to=object, body={**good, **body})
    assert caught.value.param == param
    assert server.till.billed() == []


def test_a_key_that_the_server_does_not_know_is_refused(server, client):
    server.keys = {"sk-another"}
    with pytest.raises(openai.AuthenticationError, match="sk-x"):
        client.models.list()
    server.keys = {"sk-x"}
    assert client.models.list().data


def test_a_window_admits_its_limit_and_tells_when_there_is_room():
    window = SlidingWindow(2, 0.05)
    assert [window.admit(), window.admit()] == [0, 0]
    wait = window.admit()
    assert 0 < wait <= 0.05
    free_at = time.monotonic() + wait
    while time.monotonic() < free_at:
        pass
    assert window.admit() == 0


def test_chance_strikes_the_same_calls_again():
    plans = [FaultPlan(0.5, seed=3, kinds="image") for _ in range(2)]
    struck = [
        [
            (fault := plan.fault_for("A fox", f"call-{number}")) and fault.name
            for number in range(200)
        ]
        for plan in plans
    ]
    assert struck[0] == struck[1]
    assert 60 < sum(name is not None for name in struck[0]) < 140


def test_pictures_open_and_differ_by_their_mark():
    for output_format in ("png", "jpeg"):
        one, other = (pictures.picture("96x64", output_format, mark) for mark in "ab")
        assert one != other
        for content in (one, other):
            opened = Image.open(io.BytesIO(content))
            opened.load()
            assert opened.size == (96, 64)


def test_the_bomb_is_one():
    assert len(pictures.bomb()) < 100_000
    with warnings.catch_warnings(), pytest.raises(Image.DecompressionBombError):
        warnings.simplefilter("ignore")
        Image.open(io.BytesIO(pictures.bomb()))


def test_truncated_base64_does_not_decode(server):
    good = server.good_image(
        {"model": "gpt-image-2", "size": "1024x1024", "quality": "low", "prompt": "x"}, "1"
    )
    with pytest.raises(ValueError, match=r"padding|characters"):
        base64.b64decode(
            FAULTS["truncated_base64"].answer(good, "").body["data"][0]["b64_json"], validate=True
        )


@pytest.mark.process
def test_it_runs_as_a_process_and_tells_its_till(tmp_path):
    command = [
        sys.executable,
        "-m",
        "bulk_admin.testing.loopback.openai_server",
        "--till",
        str(tmp_path / "till.jsonl"),
        "--limit",
        "250",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            with openai.OpenAI(api_key="sk-x", base_url=f"{url}/v1", max_retries=0) as client:
                client.images.generate(
                    model="gpt-image-2", prompt="A fox", size="1024x1024", quality="low"
                )
            till = json.load(urllib.request.urlopen(f"{url}/_till"))
        finally:
            process.terminate()
    assert till["billed"]["image"] == 1
    assert json.loads((tmp_path / "till.jsonl").read_text())["prompt"] == "A fox"


@pytest.fixture(scope="module")
def running_storage():
    with S3Server("pages", "originals") as storage:
        yield storage


@pytest.fixture
def storage(running_storage):
    running_storage.reset()
    return running_storage


def refusal(call, **given) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(Bucket="pages", Key="a", **given)
    return caught.value.response["Error"]["Code"]


def test_storage_keeps_what_it_takes(storage):
    storage.client().put_object(
        Bucket="pages", Key="a", Body=b"abc", ContentType="image/png", Metadata={"sha256": "x"}
    )
    held = storage.client().get_object(Bucket="pages", Key="a")
    assert (held["Body"].read(), held["ContentType"], held["Metadata"]) == (
        b"abc",
        "image/png",
        {"sha256": "x"},
    )
    assert storage.keys("pages") == ["a"]


def test_storage_refuses_what_b2_refuses(storage):
    credentials = {
        "endpoint_url": storage.url,
        "region_name": "us-east-1",
        "aws_access_key_id": KEY_ID,
        "aws_secret_access_key": APPLICATION_KEY,
    }
    by_default = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **credentials)
    assert refusal(by_default.put_object, Body=b"abc") == "InvalidArgument"
    assert refusal(storage.client().put_object, Body=b"abc", IfNoneMatch="*") == "NotImplemented"
    for acl in ("public-read", "private"):
        assert refusal(storage.client().put_object, Body=b"abc", ACL=acl) == "InvalidRequest"
    assert storage.keys("pages") == []


def test_storage_can_be_slow_hang_up_and_be_out(storage):
    put = storage.client().put_object
    storage.front.next("slow_down", "access_denied", "reset")
    assert refusal(put, Body=b"abc") == "SlowDown"
    assert refusal(put, Body=b"abc") == "AccessDenied"
    with pytest.raises(botocore.exceptions.HTTPClientError):
        put(Bucket="pages", Key="a", Body=b"abc")
    assert storage.keys("pages") == []
    storage.front.outage = True
    assert refusal(storage.client().head_object) == "503"


def test_a_lost_reply_has_stored_the_object(storage):
    storage.front.next("lost_reply")
    with pytest.raises(botocore.exceptions.HTTPClientError):
        storage.client().put_object(Bucket="pages", Key="a", Body=b"abc")
    assert storage.keys("pages") == ["a"]
    assert ("PUT", "/pages/a", "lost_reply") in storage.front.calls
