"""A search result as one page: photos, boxes, matched letters, scores and reasons, readable without this program.

The page is a single HTML file. Pictures are inside it, downscaled; the boxes are vectors over them, in the photo's own
pixels. It needs no network and no script, and its content policy lets a browser load neither.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from PIL import Image

from textsearch.copies import present_first
from textsearch.errors import ImageError, TextSearchError
from textsearch.explain import readings, reasons
from textsearch.hits import Hit, Match, SearchResult
from textsearch.images import open_file, read_image
from textsearch.types import MatchKind, Points

_PHOTO_SIDE = 1100
"""Longer side of an inlined photo, pixels: sharp in a card on a dense screen, and about 150 kB."""

_CROP_SIZE = (900, 260)
"""Largest inlined crop, pixels."""

_CLOSE_UP_ASPECT = 4.0
"""Width over height that the close-ups of a photo have together, at least: they fill a row of a card."""

_WIDEST, _NARROWEST = 3.0, 1.33
"""Between these, width over height of a photo is that of its place in the card; others get margins."""

_QUALITY = 80

_MEANINGS: dict[MatchKind, str] = {
    "exact": "the word itself",
    "partial": "a part of a longer text",
    "similar": "misread, or spelt another way",
    "knowledge": "known to show it, whatever its texts say",
}

Box = tuple[float, float, float, float]
"""Left, top, right, bottom; pixels of the upright photo."""


@dataclass(frozen=True)
class _Photo:
    """The photo of a hit as far as it can still be shown.

    Attributes:
        pixels: the upright photo; None if there is none any more.
        problem: what is wrong with it; empty if it is the one that was indexed.
    """

    pixels: Image.Image | None
    problem: str


def write_report(result: SearchResult, path: str | Path, *, overwrite: bool = False) -> int:
    """Write the hits as one self-contained HTML page; return its size in bytes.

    The page appears only when it is whole. A photo that cannot be read any more gets a card that says so.

    Args:
        result: the hits.
        path: the page, by convention with the suffix .html.
        overwrite: whether a file that is there may be replaced.

    Raises:
        TextSearchError: the file exists already, or cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise TextSearchError(f"{target} is a folder; name a file for the report, for example {target / 'hits.html'}.")
    if not overwrite and os.path.lexists(target):
        raise TextSearchError(f"{target} exists already; name another file, or ask to overwrite it.")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as page:
            for part in report_html(result):
                page.write(part.encode("utf-8", "backslashreplace"))
            size = page.tell()
        unfinished.replace(target)
    except OSError as error:
        raise TextSearchError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):  # it was renamed, or there is no such folder
            unfinished.unlink()
    return size


def report_html(result: SearchResult) -> Iterator[str]:
    """Yield the page of a result, a card at a time, so that one photo is in memory at once."""
    query = _shown(result.query)
    searched = result.searched
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{query}: {_photos(len(result))}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
        f'<header class="top">\n<h1 class="query">{query}</h1>\n'
        f"<p>{_photos(len(result))} of {searched.images:,}, which show {searched.regions:,} texts; "
        f"found in {result.took_ms:.0f} ms.</p>\n{_counts(result)}</header>\n"
    )
    if result:
        yield '<main class="hits">\n'
        before: Hit | None = None
        for hit in result:
            yield _card(hit, before)
            before = hit
        yield "</main>\n"
    else:
        yield f'<main class="nothing">{_nothing(result)}</main>\n'
    yield (
        f'<footer class="end">Made by textsearch with the model {escape(searched.model)}, generation '
        f"{searched.generation} of the index. Scores go from 0 to 100. Boxes are where the text stands; in a longer "
        "text the matched letters are filled. The pictures are reduced copies.</footer>\n</body>\n</html>\n"
    )


def _style() -> str:
    return resources.files("textsearch").joinpath("report.css").read_text("utf-8")


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


def _shown(text: str) -> str:
    """Return text for HTML, with characters made visible that would be invisible or turn what stands beside them."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return escape(visible)


def _counts(result: SearchResult) -> str:
    """Return how many hits there are of each kind, and what the kind means."""
    kinds = [hit.kind for hit in result if hit.matches or hit.kind == "knowledge"]
    items = "".join(
        f'<li class="badge {kind}">{kinds.count(kind)} {kind} <span class="means">{meaning}</span></li>\n'
        for kind, meaning in _MEANINGS.items()
        if kind in kinds
    )
    return f'<ul class="counts">\n{items}</ul>\n' if items else ""


def _nothing(result: SearchResult) -> str:
    if not result.nearest:
        return "<p>No photo shows this text.</p>"
    words = ", ".join(f"<mark>{_shown(word)}</mark>" for word in result.nearest)
    return f"<p>No photo shows this text. The nearest words in the gallery: {words}</p>"


def _card(hit: Hit, before: Hit | None) -> str:
    """Return a hit as an article."""
    photo = _read(hit)
    return (
        f'<article class="card {hit.kind}" id="hit-{hit.rank}">\n{_pictures(hit, photo)}<div class="facts">\n'
        f'<div class="head"><span class="rank">{hit.rank}</span><span class="badge">{hit.kind}</span>'
        f'<span class="bar"><i style="width:{min(max(hit.score, 0), 100):.1f}%"></i></span>'
        f'<span class="score">{hit.score:.1f}</span></div>\n'
        f"{_text(hit)}{_reasons(hit, before)}"
        + (f'<p class="note">{escape(photo.problem)}</p>\n' if photo.pixels is not None and photo.problem else "")
        + f"{_numbers(hit)}{_file(hit)}</div>\n</article>\n"
    )


def _read(hit: Hit) -> _Photo:
    """Return the photo of a hit; if it is gone or was changed, one of its copies."""
    problems: list[str] = []
    changed: Image.Image | None = None
    for path in present_first((hit.path, *hit.copies)):
        try:
            with open_file(path) as file:
                content = file.read()
            pixels = Image.fromarray(read_image(content))
        except ImageError as error:
            problems.append(str(error))
            continue
        except OSError as error:
            problems.append(f"cannot be read: {error.strerror}")
            continue
        if hashlib.sha256(content).hexdigest() == hit.sha256:
            return _Photo(pixels, "")
        changed = changed or pixels
    if changed is not None:
        return _Photo(changed, "The photo was changed after it was indexed: the text may stand elsewhere, or be gone.")
    return _Photo(None, problems[0])


def _pictures(hit: Hit, photo: _Photo) -> str:
    """Return the photo and the enlarged matches, with what was found drawn over them; or why there is no photo."""
    if photo.pixels is None:
        return (
            f'<div class="gone"><b>This photo cannot be shown</b><span>{escape(photo.problem)}</span>'
            "<span>It was there when it was indexed.</span></div>\n"
        )
    # Boxes belong to the pixels that were indexed; over others they would point at nothing.
    matches = () if photo.problem else hit.matches
    whole = (0.0, 0.0, float(photo.pixels.width), float(photo.pixels.height))
    label = f"Photo {hit.rank}: {_shown(hit.path.name)}"
    aspect = min(max(photo.pixels.width / photo.pixels.height, _NARROWEST), _WIDEST)
    place = f"photo-{hit.rank}"
    figure = (
        f'<figure class="photo" id="{place}" style="--aspect:{aspect:.3f}">'
        f'<a class="open" href="#{place}" title="Enlarge">'
        f"{_picture(photo.pixels, whole, (_PHOTO_SIDE, _PHOTO_SIDE), matches, label)}</a>"
        f'<a class="close" href="#hit-{hit.rank}">Close</a></figure>\n'
    )
    crops = "".join(
        _picture(photo.pixels, box, _CROP_SIZE, matches, "The matched text, enlarged")
        for box in close_ups(matches, photo.pixels.size)
    )
    return figure + (f'<div class="crops">{crops}</div>\n' if crops else "")


def close_ups(matches: Iterable[Match], size: tuple[int, int]) -> list[Box]:
    """Return what to enlarge: a box around each match with some of its surroundings, one for those that touch.

    Args:
        matches: the matches on one photo.
        size: width and height of the photo, pixels.
    """
    boxes: list[Box] = []
    for match in matches:
        left, top, right, bottom = match.xyxy
        margin = 0.6 * min(right - left, bottom - top)
        box = (left - margin, top - margin, right + margin, bottom + margin)
        for other in [other for other in boxes if _touch(box, other)]:
            boxes.remove(other)
            box = (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))
        boxes.append(box)
    return [_fitted(box, _CLOSE_UP_ASPECT / len(boxes), size) for box in boxes]


def _fitted(box: Box, aspect: float, size: tuple[int, int]) -> Box:
    """Return a box within the photo, widened to `aspect` times its height, but not to more than half of the photo."""
    left, top, right, bottom = box
    top, bottom = max(0.0, min(top, size[1] - 1)), min(max(bottom, 1.0), float(size[1]))
    width = min(max(right - left, min(aspect * (bottom - top), size[0] / 2), 1.0), float(size[0]))
    left = min(max(0.0, (left + right - width) / 2), size[0] - width)
    return left, top, left + width, bottom


def _touch(first: Box, second: Box) -> bool:
    return first[0] <= second[2] and second[0] <= first[2] and first[1] <= second[3] and second[1] <= first[3]


def _picture(pixels: Image.Image, box: Box, limit: tuple[int, int], matches: Iterable[Match], label: str) -> str:
    """Return a part of a photo as SVG in the photo's pixels: a JPEG, and the matched regions drawn over it."""
    left, top, right, bottom = (int(box[0]), int(box[1]), -int(-box[2] // 1), -int(-box[3] // 1))
    part = pixels.crop((left, top, right, bottom))
    part.thumbnail(limit, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    part.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    width, height = right - left, bottom - top
    return (
        f'<svg viewBox="{left} {top} {width} {height}" style="--own:{width / height:.3f}" role="img" '
        f'aria-label="{label}">'
        f'<image x="{left}" y="{top}" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'href="data:image/jpeg;base64,{data}"/>{"".join(_outline(match) for match in matches)}</svg>'
    )


def _outline(match: Match) -> str:
    """Return the outline of a region, and the matched letters in it where they are a part of it only."""
    if match.letters in ((), match.polygon):
        region = _points(match.polygon)
        shapes = f'<polygon class="halo" points="{region}"/><polygon class="region" points="{region}"/>'
    else:
        region, letters = _points(match.polygon), _points(match.letters)
        shapes = (
            f'<polygon class="halo around" points="{region}"/><polygon class="region around" points="{region}"/>'
            f'<polygon class="halo" points="{letters}"/><polygon class="letters" points="{letters}"/>'
        )
    return f'<g class="{match.kind}"><title>{_shown(match.text)}</title>{shapes}</g>'


def _points(polygon: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in polygon)


def _text(hit: Hit) -> str:
    """Return what was read in the matched regions, the letters that answer the query marked."""
    texts = [
        "".join(f"<mark>{_shown(piece)}</mark>" if answers else _shown(piece) for piece, answers in reading.pieces())
        for reading in readings(hit.matches)
    ]
    return f'<p class="read">{" ".join(texts)}</p>\n' if any(texts) else ""


def _reasons(hit: Hit, before: Hit | None) -> str:
    items = "".join(f"<li>{_shown(reason)}</li>\n" for reason in reasons(hit, before))
    return f'<ul class="reasons">\n{items}</ul>\n'


def _numbers(hit: Hit) -> str:
    """Return the numbers behind the matches as a table that opens on demand."""
    if not hit.matches:
        return ""
    rows = "".join(_row(match) for match in hit.matches)
    phrase, known = hit.explanation.phrase, hit.explanation.knowledge
    near = f"<p>Side by side and in order: {phrase:.2f} of 1.</p>\n" if phrase is not None else ""
    near += f"<p>Known to show it: {known:.2f} of 1.</p>\n" if known is not None else ""
    return (
        '<details><summary>The numbers</summary>\n<div class="numbers"><table>\n<tr><th>word</th><th>match</th>'
        '<th class="number">score</th><th class="number">letters</th><th class="number">vectors</th>'
        f'<th class="number">box</th></tr>\n{rows}</table></div>\n{near}</details>\n'
    )


def _row(match: Match) -> str:
    # What a text says of something known was not compared with the query.
    compared = match.kind != "knowledge"
    letters, vectors = (f"{value:.2f}" if compared else "" for value in (match.lattice_score, match.similarity))
    box = ",".join(f"{value:.0f}" for value in match.xyxy)
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in (f"{match.score:.0f}", letters, vectors, box))
    return f"<tr><td>{_shown(match.word)}</td><td>{match.kind}</td>{numbers}</tr>\n"


def _file(hit: Hit) -> str:
    """Return name, folder and size of the photo, and where its copies are."""
    name = _shown(hit.path.name)
    link = f'<a href="{escape(hit.path.as_uri())}">{name}</a>' if hit.path.is_absolute() else f"<b>{name}</b>"
    copies = "".join(f"<br>also {_shown(str(path))}" for path in hit.copies)
    size = f"<span>{hit.width} × {hit.height}</span>"
    return f'<p class="file">{link} {size}<br>{_shown(str(hit.path.parent))}{copies}</p>\n'
