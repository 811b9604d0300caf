"""kill -9 in the middle of uploads: each photo is there wholly or not at all, and what was answered is there."""

import hashlib
import io
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.journeys.whole import Whole

pytestmark = pytest.mark.slow


def photo(number: int) -> bytes:
    image = Image.effect_noise((1600, 1200), 40 + number % 20).convert("RGB")
    target = io.BytesIO()
    image.save(target, "JPEG")
    return target.getvalue()


def test_a_photo_is_there_wholly_or_not_at_all(tmp_path: Path) -> None:
    whole = Whole(tmp_path)
    try:
        headers = {"authorization": f"Bearer {whole.token('facilities')}"}
        address = f"{whole.url}/api/v1/assets/1/files"
        answered: list[str] = []

        def send(number: int) -> None:
            try:
                answer = httpx.post(address, files={"file": ("a.jpg", photo(number))}, headers=headers, timeout=20)
                if answer.status_code == 201:
                    answered.append(answer.json()["sha256"])
            except httpx.HTTPError:
                pass

        with ThreadPoolExecutor(4) as pool:
            uploads = [pool.submit(send, number) for number in range(16)]
            uploads[random.Random(3).randrange(4, 8)].result()
            whole.kill()
        whole.start()
        rows = httpx.get(f"{whole.url}/api/v1/assets/1/files", headers=headers).json()["items"]
        assert {row["sha256"] for row in rows} >= set(answered)
        for row in rows:
            content = httpx.get(whole.url + row["url"], headers=headers).content
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
            assert httpx.get(whole.url + row["thumbnail_url"], headers=headers).status_code == 200
    finally:
        whole.stop()
