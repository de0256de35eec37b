from __future__ import annotations

from pathlib import Path

from tests.training.datasets.drawn import draw, write
from textsearch.training.datasets.icdar import Mlt
from textsearch.training.datasets.spelt import SpeltWords

CORNERS = "1,2,3,2,3,4,1,4"


def test_only_latin_words_of_three_letters_are_left_and_photos_that_show_any(tmp_path: Path) -> None:
    texts = {
        "mixed": ["Latin,Café", "Chinese,大茶", "Latin,to", "Latin,###", "Symbols,2024", "latin,24/7"],
        "foreign": ["Arabic,سوق", "Korean,KOREA", "Latin,A!"],
    }
    for name, words in texts.items():
        draw(tmp_path / "images" / f"{name}.jpg")
        write(tmp_path / "gts" / f"gt_{name}.txt", "".join(f"{CORNERS},{word}\n" for word in words))
    spelt = SpeltWords(Mlt(tmp_path / "images", tmp_path / "gts"))
    (photo,) = spelt.photos()
    assert photo.path.name == "mixed.jpg"
    assert [word.text for word in photo.words] == ["Café", "24/7"]
    assert [len(sample.words) for sample in spelt.samples()] == [2]
