"""What a run is told to learn from besides photos: words and fonts to draw with; and a look at all of it beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import ImageFont

from textsearch.alphabet import normalise
from textsearch.errors import TextSearchError
from textsearch.training.datasets.annotations import Annotations
from textsearch.training.datasets.photos import pictures, some_pictures

OWN_WORDS = 8
"""How often each word of the photos stands among the words that are drawn."""


def check_inputs(sets: Iterable[Annotations], lexicon: Path, fonts: Path, folders: Iterable[Path | None]) -> None:
    """Look at what a run is told to learn from, before its arguments are written down and bind it.

    Args:
        sets: photos with their words; the first of each is looked at.
        lexicon: see `read_lexicon`.
        fonts: see `readable_fonts`.
        folders: folders of photos, None for those that were not named.

    Raises:
        TextSearchError: something is not there, is empty, or cannot be read.
    """
    for chosen in sets:
        photos = chosen.photos()
        entries = photos.entries()
        if not entries:
            part = f" of the part {chosen.split}" if chosen.split else ""
            raise TextSearchError(f"{chosen.file} holds no photo{part}; check its folder and split.")
        photos.photo(entries[0])
    read_lexicon(lexicon)
    readable_fonts(fonts)
    for folder in folders:
        if folder is not None:
            some_pictures(folder)


def check_apart(sets: Iterable[Annotations], unlabelled: Path | None, held_back: Annotations) -> None:
    """Make sure that no photo is both held back and trained on, under whatever names or links.

    Args:
        sets: photos that are trained on.
        unlabelled: a folder of photos that are trained on as well; None for none.
        held_back: photos that only measure progress.

    Raises:
        TextSearchError: some are both.
    """
    trained = {_identity(path) for chosen in sets for path in _paths(chosen)}
    if unlabelled is not None:
        trained |= {_identity(path) for path in pictures(unlabelled)}
    trained.discard(None)
    kept = _paths(held_back)
    both = [path for path in kept if _identity(path) in trained]
    if both:
        raise TextSearchError(
            f"{len(both)} of {len(kept)} held-back photos are trained on as well, {both[0]} among them; hold back "
            "others."
        )


def _paths(chosen: Annotations) -> list[Path]:
    photos = chosen.photos()
    return [photos.path(entry) for entry in photos.entries()]


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what a file is by, whatever names it has; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def read_lexicon(file: Path) -> list[str]:
    """Return the normalised words of a file with one word a line, words with other signs than letters left out.

    Raises:
        TextSearchError: the file cannot be read or holds no word.
    """
    words = sorted({normalise(line) for line in lexicon_lines(file) if line.isalpha() and line.isascii()})
    if not words:
        raise TextSearchError(f"{file} holds no word; give a file with one word a line.")
    return words


def lexicon_lines(file: Path) -> list[str]:
    """Return the lines of a file with one word a line, blank ones left out.

    Raises:
        TextSearchError: the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise TextSearchError(f"Cannot read the lexicon {file} ({error}); give a file with one word a line.") from error
    return [line.strip() for line in lines if line.strip()]


def readable_fonts(folder: Path) -> list[Path]:
    """Return the font files of a folder that can draw Latin letters.

    Raises:
        TextSearchError: there is none.
    """
    fonts = []
    for path in sorted(file for file in folder.rglob("*") if file.suffix.lower() in {".ttf", ".otf"}):
        try:
            font = ImageFont.truetype(str(path), 40)
            letters = [font.getmask(letter) for letter in "Aig7"]
        except OSError:
            continue  # bitmap-only and damaged fonts are no use for drawing
        # A font without a letter draws the same box, or nothing, for each.
        if len({(mask.size, bytes(mask)) for mask in letters}) == len(letters) and all(
            mask.size[0] for mask in letters
        ):
            fonts.append(path)
    if not fonts:
        raise TextSearchError(f"{folder} holds no .ttf or .otf font with Latin letters.")
    return fonts
