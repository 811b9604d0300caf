"""An export that breaks leaves no half file behind."""

import tempfile
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.web.desk import Desk
from web.app import create_site
from web.assets import pages
from web.kit.options import SiteOptions

pytestmark = pytest.mark.anyio


async def test_it_leaves_nothing_behind(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    await desk.get("/assets", "accountant")  # what is compiled for pages has its place already
    files = tmp_path / "files"
    files.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(files))

    async def breaks(*_: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(pages, "export_assets", breaks)
    assert (await desk.get("/assets/export.csv", "accountant")).status_code == 500
    assert list(files.iterdir()) == []
