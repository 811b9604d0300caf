"""An export that breaks leaves no half file behind."""

import tempfile
from pathlib import Path

import pytest

from tests.conftest import Database
from tests.web.pages.desk import Desk
from web.options import SiteOptions
from web.pages import assets
from web.site import create_site

pytestmark = pytest.mark.anyio


async def test_it_leaves_nothing_behind(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    files = tmp_path / "files"
    files.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(files))

    async def breaks(*_: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr(assets, "export_assets", breaks)
    assert (await desk.get("/assets/export.csv", "accountant")).status_code == 500
    assert list(files.iterdir()) == []
