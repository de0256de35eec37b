from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from textsearch.errors import TextSearchError
from textsearch.hits import Explanation, Fact, Hit, Match, SearchResult
from textsearch.report import close_ups, report_html, write_report
from textsearch.types import IndexInfo, MatchKind

CHROMIUM = shutil.which("chromium")
INFO = IndexInfo(images=1234, regions=5678, model="fake", generation=3)
WALL, LETTERS = (90, 90, 90), (255, 0, 0)


def a_match(text: str = "WHOLESALE", kind: MatchKind = "partial", span: tuple[int, int] = (5, 9)) -> Match:
    polygon = ((100.0, 60.0), (460.0, 60.0), (460.0, 120.0), (100.0, 120.0))
    start, stop = (100 + 360 * end / len(text) for end in span)
    letters = ((start, 60.0), (stop, 60.0), (stop, 120.0), (start, 120.0))
    return Match(text[slice(*span)].lower(), kind, 81.5, 0.9, 0.8, 7, polygon, text, 0.9, letters, span)


def a_photo(path: Path) -> Path:
    photo = Image.new("RGB", (600, 400), WALL)
    ImageDraw.Draw(photo).rectangle((110, 70, 450, 110), LETTERS)
    photo.save(path)
    return path


def a_hit(path: Path, *matches: Match, rank: int = 1, score: float = 81.5) -> Hit:
    content = path.read_bytes() if path.exists() else b""
    kind = matches[0].kind if matches else "similar"
    return Hit(rank, score, kind, path, hashlib.sha256(content).hexdigest(), 600, 400, matches)


def a_result(*hits: Hit, query: str = "sale", nearest: tuple[str, ...] = ()) -> SearchResult:
    return SearchResult(query, hits, 38.2, INFO, nearest)


def page_of(*hits: Hit, query: str = "sale", nearest: tuple[str, ...] = ()) -> str:
    return "".join(report_html(a_result(*hits, query=query, nearest=nearest)))


def pictures(page: str) -> list[Image.Image]:
    data = re.findall(r'href="data:image/jpeg;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(part))) for part in data]


class Outline(HTMLParser):
    """Checks that elements close in order, and collects the addresses that a page names and its text."""

    VOID = frozenset({"meta", "br", "image", "polygon"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_needs_nothing_else(tmp_path: Path) -> None:
    page = page_of(a_hit(a_photo(tmp_path / "a.png"), a_match()))
    outline = Outline(page)
    assert {"script", "link", "iframe"}.isdisjoint(outline.tags)
    assert all(address.startswith(("data:image/jpeg;base64,", "#", "file:///")) for address in outline.addresses)
    assert "url(" not in page and "@import" not in page
    assert "default-src 'none'" in page


def test_it_tells_the_query_the_index_and_the_reasons(tmp_path: Path) -> None:
    text = Outline(page_of(a_hit(a_photo(tmp_path / "a.png"), a_match()))).text
    for part in ("sale", "1 photo of 1,234", "5,678 texts", "1 partial", "81.5", "“sale” is a part of “WHOLE[SALE]”."):
        assert part in text


def test_matched_letters_are_marked_in_text_and_picture(tmp_path: Path) -> None:
    page = page_of(a_hit(a_photo(tmp_path / "a.png"), a_match()))
    assert "WHOLE<mark>SALE</mark>" in page
    assert 'viewBox="0 0 600 400"' in page
    assert 'class="letters" points="300.0,60.0 460.0,60.0 460.0,120.0 300.0,120.0"' in page


def test_a_whole_match_has_one_outline_a_picture(tmp_path: Path) -> None:
    page = page_of(a_hit(a_photo(tmp_path / "a.png"), a_match("SALE", "exact", (0, 4))))
    assert 'class="letters"' not in page
    assert page.count('class="region" points="100.0,60.0 460.0,60.0 460.0,120.0 100.0,120.0"') == 2


def test_the_crop_is_cut_around_the_match(tmp_path: Path) -> None:
    whole, crop = pictures(page_of(a_hit(a_photo(tmp_path / "a.png"), a_match())))
    assert whole.size == (600, 400)
    assert crop.size == (432, 132)
    centre = np.asarray(crop)[66, 216].astype(int)
    assert np.abs(centre - LETTERS).max() < 30


def test_photos_are_reduced(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (3000, 1000), WALL).save(path)
    assert pictures(page_of(a_hit(path, a_match())))[0].size == (1100, 367)


def test_a_photo_is_shown_upright(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    Image.new("RGB", (400, 600), WALL).save(path, exif=exif)
    assert pictures(page_of(a_hit(path, a_match())))[0].size == (600, 400)


def test_nothing_in_a_name_a_query_or_a_transcript_is_obeyed(tmp_path: Path) -> None:
    folder = tmp_path / "<b>\"&'\u202e"
    folder.mkdir()
    path = a_photo(folder / '"><script>alert(1)<\\script>.png')
    match = a_match('<img src=x onerror="x">', "similar", (0, 23))
    page = page_of(a_hit(path, match), query='</title><script>"\x1b')
    outline = Outline(page)
    assert {"script", "img", "b"}.isdisjoint(outline.tags)
    assert '"><script>alert(1)<\\script>.png' in outline.text
    assert '<img src=x onerror="x">' in outline.text
    assert "\u202e" not in page and "\x1b" not in page


@pytest.mark.skipif(os.name == "nt", reason="needs a file system of bytes")
def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    try:
        a_photo(path)
    except OSError:
        pytest.skip("this file system takes no such name")
    write_report(a_result(a_hit(path, a_match())), tmp_path / "hits.html")
    page = (tmp_path / "hits.html").read_text("utf-8")
    assert "caf\\udce9.png" in page
    assert "caf%E9.png" in page


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_a_photo_that_vanished_or_broke_is_a_card_that_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "gone.png"
    if content is not None:
        path.write_bytes(content)
    page = page_of(a_hit(path, a_match()), a_hit(a_photo(tmp_path / "b.png"), a_match(), rank=2))
    assert "This photo cannot be shown" in page
    assert len(pictures(page)) == 2
    assert "WHOLE<mark>SALE</mark>" in page


def test_a_photo_that_was_changed_is_shown_without_boxes(tmp_path: Path) -> None:
    hit = a_hit(a_photo(tmp_path / "a.png"), a_match())
    Image.new("RGB", (50, 40), WALL).save(hit.path)
    page = page_of(hit)
    assert "changed after it was indexed" in page
    assert "<polygon" not in page
    assert [picture.size for picture in pictures(page)] == [(50, 40)]


def test_a_copy_stands_in_for_a_photo_that_is_gone(tmp_path: Path) -> None:
    copy = a_photo(tmp_path / "copy.png")
    hit = replace(a_hit(copy, a_match()), path=tmp_path / "gone.png", copies=(copy,))
    page = page_of(hit)
    assert len(pictures(page)) == 2
    assert "cannot be shown" not in page


def test_a_hit_without_a_match_is_a_photo_without_crops(tmp_path: Path) -> None:
    page = page_of(a_hit(a_photo(tmp_path / "a.png")))
    assert len(pictures(page)) == 1
    assert "No text in it resembles the query." in page


def test_no_hit_names_the_nearest_words() -> None:
    assert "<mark>TAXI</mark>, <mark>T&lt;X</mark>" in page_of(nearest=("TAXI", "T<X"))
    assert "No photo shows this text." in page_of()


# --- what is enlarged


def shifted(match: Match, x: float, y: float) -> Match:
    return replace(match, polygon=tuple((a + x, b + y) for a, b in match.polygon))


def test_matches_side_by_side_are_enlarged_together() -> None:
    word = replace(a_match(), polygon=((10.0, 10.0), (60.0, 10.0), (60.0, 30.0), (10.0, 30.0)))
    assert len(close_ups([word, shifted(word, 60, 0)], (900, 600))) == 1
    assert len(close_ups([word, shifted(word, 400, 300)], (900, 600))) == 2
    assert len(close_ups([word, shifted(word, 140, 0), shifted(word, 70, 0)], (900, 600))) == 1


@pytest.mark.parametrize("corner", [(0.0, 0.0), (880.0, 0.0), (0.0, 580.0), (880.0, 580.0), (-5.0, -5.0)])
def test_a_close_up_lies_within_the_photo_and_fills_its_row(corner: tuple[float, float]) -> None:
    x, y = corner
    word = replace(a_match(), polygon=((x, y), (x + 20, y), (x + 20, y + 20), (x, y + 20)))
    ((left, top, right, bottom),) = close_ups([word], (900, 600))
    assert 0 <= left < right <= 900 and 0 <= top < bottom <= 600
    assert right - left == pytest.approx(4 * (bottom - top))


# --- the file


def test_a_file_is_replaced_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "hits.html"
    path.write_text("mine")
    with pytest.raises(TextSearchError, match="exists already"):
        write_report(a_result(), path)
    assert path.read_text() == "mine"
    size = write_report(a_result(), path, overwrite=True)
    assert path.stat().st_size == size
    assert [entry.name for entry in tmp_path.iterdir()] == ["hits.html"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TextSearchError, match="is a folder"):
        write_report(a_result(), tmp_path, overwrite=True)
    with pytest.raises(TextSearchError, match="cannot be written"):
        write_report(a_result(), tmp_path / "no" / "hits.html")
    (tmp_path / "file").touch()
    with pytest.raises(TextSearchError, match="cannot be written"):
        write_report(a_result(), tmp_path / "file" / "hits.html")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize(("dark", "ground"), [(False, (244, 245, 247)), (True, (16, 18, 22))])
def test_a_browser_shows_photo_and_boxes(tmp_path: Path, dark: bool, ground: tuple[int, int, int]) -> None:
    hit = a_hit(a_photo(tmp_path / "a.png"), a_match("SALE", "exact", (0, 4)))
    write_report(a_result(hit), tmp_path / "hits.html")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--window-size=640,900", f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--blink-settings=preferredColorScheme={int(not dark)}", f"--screenshot={tmp_path / 'page.png'}"]
    subprocess.run([*command, (tmp_path / "hits.html").as_uri()], check=True, capture_output=True, timeout=120)
    shown = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    assert np.abs(shown[2, 2] - ground).max() <= 2
    reds = np.abs(shown - LETTERS).max(axis=2) < 40
    outline = np.abs(shown - (43, 212, 107)).max(axis=2) < 12
    assert reds.sum() > 5000
    assert outline.sum() > 1000
    # The outline surrounds the letters, in the photo as in the close-up below it.
    (red_rows, red_columns), (rows, columns) = np.nonzero(reds), np.nonzero(outline)
    assert rows.min() < red_rows.min() < red_rows.max() < rows.max()
    assert columns.min() < red_columns.min() < red_columns.max() < columns.max()


def test_a_hit_by_knowledge_says_what_is_known(tmp_path: Path) -> None:
    fact = Fact("entity", "Q1", "Acme & Sons", "maker of <anvils>", ("Forge",), 88.0, (7,))
    hit = a_hit(a_photo(tmp_path / "a.png"), a_match("ACME", "knowledge", (0, 4)))
    page = page_of(replace(hit, facts=(fact,), explanation=Explanation(0.0, knowledge=0.88)))
    shown = Outline(page).text
    assert "1 knowledge" in shown
    assert "The text “ACME” can name Acme & Sons (maker of <anvils>): Forge (88 of 100)." in shown
    assert "Known to show it: 0.88 of 1." in shown
    assert '<g class="knowledge">' in page
    assert ".knowledge { --kind" in page
