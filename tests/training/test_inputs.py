from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import ImageFont

from textsearch.errors import TextSearchError
from textsearch.training.inputs import read_lexicon, readable_fonts


def test_lexicon(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("Zebra\n apple \nisn't\ncafé\n\napple\nx1\n", encoding="utf-8")
    assert read_lexicon(file) == ["apple", "zebra"]


@pytest.mark.parametrize(("content", "message"), [("1\n2\n", "holds no word"), (None, "Cannot read the lexicon")])
def test_a_useless_lexicon_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "words"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(TextSearchError, match=message):
        read_lexicon(file)


def test_a_binary_lexicon_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TextSearchError, match="Cannot read the lexicon"):
        read_lexicon(tmp_path / "words")


def test_only_fonts_that_can_draw_letters_are_used(fonts: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.TTF"
    shutil.copy(next(fonts.iterdir()), good)
    (tmp_path / "damaged.otf").write_bytes(good.read_bytes()[:300])
    (tmp_path / "notes.txt").write_text("no font")
    assert readable_fonts(tmp_path) == [good]
    good.unlink()
    with pytest.raises(TextSearchError, match=r"no \.ttf or \.otf font"):
        readable_fonts(tmp_path)


def test_a_font_that_draws_one_box_for_every_letter_is_not_used(fonts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ImageFont.truetype

    class BoxFont:
        def __init__(self, path: str, size: int) -> None:
            self.font = real(path, size)

        def getmask(self, letter: str) -> object:
            return self.font.getmask("H")

    monkeypatch.setattr(ImageFont, "truetype", BoxFont)
    with pytest.raises(TextSearchError, match="font with Latin letters"):
        readable_fonts(fonts)
