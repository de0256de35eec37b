from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.datasets.drawn import draw, said, write
from textsearch.errors import TextSearchError
from textsearch.training.datasets.synthtext import SynthText90k

XML = """<annotation><folder>8</folder><filename>{name}.jpg</filename>
<size><width>32</width><height>16</height><depth>3</depth></size>
<object><name>{name}</name><bndbox><xmin>4</xmin><ymin>2</ymin><xmax>20</xmax><ymax>8</ymax></bndbox></object>
<object><name>other</name><bndbox><xmin>4</xmin><ymin>9</ymin><xmax>9</xmax><ymax>14</ymax></bndbox></object>
</annotation>"""


@pytest.mark.parametrize("below", ["", "8/"])
def test_photos_and_xml_files_lie_side_by_side(tmp_path: Path, below: str) -> None:
    for name in ("ant", "bee"):
        write(tmp_path / "annotations" / f"{below}{name}.xml", XML.format(name=name))
        draw(tmp_path / "images" / f"{below}{name}.jpg", (32, 16))
    first, second = SynthText90k(tmp_path).photos()
    assert (first.path, second.path) == tuple(tmp_path / "images" / f"{below}{name}.jpg" for name in ("ant", "bee"))
    assert first.as_stored
    assert said(first.words) == [
        ([[4, 2], [20, 2], [20, 8], [4, 8]], "ant", True),
        ([[4, 9], [9, 9], [9, 14], [4, 14]], "other", True),
    ]
    assert {sample.words[0].text for sample in SynthText90k(tmp_path).samples()} == {"ant", "bee"}


def test_files_are_read_only_when_their_photo_comes(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "a.xml", "no XML")
    (entry,) = SynthText90k(tmp_path).entries()
    with pytest.raises(TextSearchError, match=r"a\.xml cannot be read"):
        SynthText90k(tmp_path).photo(entry)


def test_a_box_without_a_number_is_told(tmp_path: Path) -> None:
    write(tmp_path / "annotations" / "a.xml", XML.format(name="a").replace("<xmin>4</xmin>", ""))
    with pytest.raises(TextSearchError, match=r"a\.xml .*a box lacks a number"):
        list(SynthText90k(tmp_path).photos())
