from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont

from tests.single_thread import one_torch_thread  # noqa: F401


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the one font that is everywhere: the one inside Pillow."""
    font = ImageFont.load_default(size=20)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "inside-pillow.ttf").write_bytes(font.font_bytes)
    return folder
