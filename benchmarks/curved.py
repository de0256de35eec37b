"""Retrieval of words drawn along curves, turned and in columns: polygons against quadrilaterals, in one run.

    python -m benchmarks.curved --fonts DIR --backgrounds DIR --output results.json

Every shape is a small gallery of its own: each picture holds a line of one or two words, each word is a query. The same
pictures are indexed twice, with the default options and with quadrilaterals only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFont

from benchmarks.drawn_lines import SIDE, Shape, draw_line, read_fonts
from benchmarks.record import write
from textsearch.database import Database
from textsearch.images import read_image
from textsearch.metrics import average_precision
from textsearch.options import DetectionOptions, EncoderOptions
from textsearch.runtime.model import OnnxModel

SHAPES = (
    Shape("straight"),
    *(Shape(f"hill {arc}", arc=arc) for arc in (60, 90, 120, 150, 180)),
    *(Shape(f"valley {arc}", arc=-arc) for arc in (60, 90, 120, 150, 180)),
    Shape("S of 60 and back", arc=60, waves=True),
    Shape("turned by 30", turn=-30),
    Shape("downwards", turn=90),
    Shape("upwards", turn=-90),
    Shape("upside down", turn=180),
    Shape("stacked letters", stacked=True),
)

_SIGNS = """
academy airport antique arcade bakery balcony barber basil battery bicycle boutique brewery bridge butcher camera candle
canteen castle central chicken chocolate cinema clinic coffee college comfort corner country crystal customs dentist
diamond district dragon electric espresso factory fashion festival fitness florist forest fountain furniture galaxy
gallery garden grocery guitar harbour heritage holiday hospital imperial island jewellery kitchen laundry
leather library
"""

WORDS = tuple(_SIGNS.split())
"""Every third one stands alone, the others in pairs."""

QUADRILATERALS = EncoderOptions(detection=DetectionOptions(bend=float("inf")))


def lines_of(words: Sequence[str], stacked: bool) -> list[tuple[str, ...]]:
    """Return the words of each picture; letters below each other leave room for one word only."""
    if stacked:
        return [(word,) for word in words]
    triples = [words[start : start + 3] for start in range(0, len(words) - 2, 3)]
    return [line for first, second, third in triples for line in ((first,), (second, third))]


def draw_gallery(shape: Shape, fonts: Sequence[Path], backgrounds: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Draw the gallery of a shape; return the picture of every word."""
    generator = np.random.default_rng(0)  # every shape has the same words, fonts, inks and backgrounds
    folder.mkdir(parents=True)
    pictures = {}
    for number, words in enumerate(lines_of(WORDS, shape.stacked)):
        text = " ".join(words)
        text = (text.upper(), text.title(), text)[int(generator.integers(3))]
        font = ImageFont.truetype(fonts[int(generator.integers(len(fonts)))], int(generator.integers(32, 46)))
        photo = Image.fromarray(read_image(backgrounds[int(generator.integers(len(backgrounds)))]))
        path = folder / f"{number:03d}.png"
        draw_line(text, shape, font, np.asarray(photo.resize((SIDE, SIDE))), generator).save(path)
        pictures.update(dict.fromkeys(words, path))
    return pictures


def measure(pictures: dict[str, Path], model: OnnxModel, location: Path) -> dict[str, float]:
    """Index a gallery and ask for every word; return mAP in percent, the share of words ranked first, and images/s."""
    photos = sorted(set(pictures.values()))
    with Database(location, model) as database:
        began = time.perf_counter()
        database.index(*photos)
        seconds = time.perf_counter() - began
        precisions = []
        for word, picture in pictures.items():
            scores = {hit.path: hit.score for hit in database.search(word, 0)}
            relevant = [photo == picture for photo in photos]
            precisions.append(average_precision(relevant, [scores.get(photo, 0.0) for photo in photos]))
    first = np.mean([precision == 1.0 for precision in precisions])
    return {
        "map": 100 * float(np.mean(precisions)),
        "ranked_first": 100 * float(first),
        "images_per_second": len(photos) / seconds,
    }


def compare(shapes: Sequence[Shape], fonts: Sequence[Path], backgrounds: Sequence[Path]) -> list[dict[str, Any]]:
    """Draw and measure every shape with polygons and with quadrilaterals only."""
    models = {"polygons": OnnxModel(), "quadrilaterals": OnnxModel(QUADRILATERALS)}
    rows = []
    for shape in shapes:
        with tempfile.TemporaryDirectory() as folder:
            pictures = draw_gallery(shape, fonts, backgrounds, Path(folder) / "gallery")
            rows.append(
                {
                    "shape": shape.name,
                    "pictures": len(set(pictures.values())),
                    "queries": len(pictures),
                    **{name: measure(pictures, model, Path(folder) / name) for name, model in models.items()},
                }
            )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, required=True, help="folder of TrueType and OpenType fonts")
    parser.add_argument("--backgrounds", type=Path, required=True, help="folder of photos to draw on")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    fonts = read_fonts(arguments.fonts, "".join(sorted(set("".join(WORDS) + "".join(WORDS).upper()))))
    backgrounds = sorted(path for path in arguments.backgrounds.iterdir() if path.is_file())
    rows = compare(SHAPES, fonts, backgrounds)
    write(
        {"benchmark": "curved", "fonts": len(fonts), "backgrounds": len(backgrounds), "shapes": rows}, arguments.output
    )


if __name__ == "__main__":
    main()
