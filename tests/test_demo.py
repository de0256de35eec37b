from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageStat

from textsearch import demo


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> list[demo.Scene]:
    return demo.draw_gallery(tmp_path_factory.mktemp("gallery") / "new")


def test_the_gallery_is_what_it_says(gallery: list[demo.Scene]) -> None:
    assert tuple(scene.path.name for scene in gallery) == demo.file_names()
    assert len(gallery) >= 12
    for scene in gallery:
        with Image.open(scene.path) as picture:
            assert (picture.format, picture.size) == ("JPEG", (960, 720))
            assert min(ImageStat.Stat(picture.convert("L")).stddev) > 4, f"{scene.path.name} is blank"


def test_each_question_has_an_answer_that_shows_it(gallery: list[demo.Scene]) -> None:
    for question in demo.QUESTIONS:
        (scene,) = (scene for scene in gallery if scene.path.name == question.answer)
        text = "".join(scene.words).lower().replace("é", "e")
        assert question.query.lower().replace(" ", "")[:3] in text


def test_one_picture_has_no_text(gallery: list[demo.Scene]) -> None:
    assert [scene.path.stem for scene in gallery if not scene.words] == ["lake"]


def test_the_same_seed_draws_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_SCENES", demo._SCENES[:1])

    def pixels(folder: str, seed: int) -> bytes:
        (scene,) = demo.draw_gallery(tmp_path / folder, seed)
        return Image.open(scene.path).tobytes()

    assert pixels("a", 1) == pixels("b", 1)
    assert pixels("c", 2) != pixels("a", 1)
