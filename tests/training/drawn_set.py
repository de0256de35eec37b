"""Four photos with a word each as a words.jsonl, and what else a run is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.tiny_tdsl import four_photos
from textsearch.training.datasets.annotations import Annotations


def drawn_set(folder: Path, fonts: Path) -> dict[str, Any]:
    """Write the photos, a lexicon and a background; return the fields of `TrainingPhotos` that name them."""
    (folder / "walls").mkdir(parents=True)
    Image.new("RGB", (64, 64), "olive").save(folder / "walls" / "wall.png")
    (folder / "lexicon.txt").write_text("street\nStation\n24h\n\nwater\n", encoding="utf-8")
    rows = []
    for number, photo in enumerate(four_photos()):
        Image.fromarray(photo.image).save(folder / f"{number}.png")
        words = [{"poly": word.polygon.tolist(), "text": word.text, "ignore": False} for word in photo.words]
        rows.append({"image": f"{number}.png", "split": "dev" if number == 3 else "train", "words": words})
    file = folder / "words.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {
        "annotations": (Annotations(file, "train"),),
        "start": None,
        "lexicon": folder / "lexicon.txt",
        "fonts": fonts,
        "backgrounds": folder / "walls",
        "held_back": Annotations(file, "dev"),
    }
