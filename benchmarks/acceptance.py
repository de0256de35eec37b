"""The acceptance table: 24 pairs of a query and a seen text, drawn as scenes among photos that show other words.

    python -m benchmarks.acceptance --fonts /usr/share/fonts --output benchmarks/results/acceptance.json

Every text is drawn in five fonts and four looks (plain and three degradations). For each font and look there is a
gallery: the distractors, which are indexed once, and the scenes of that font and look. The queries go through the real
index and the real search, without any option, 20 hits. Twenty pairs are wanted: their scene must be among the hits.
Four are not: for each of these a scene of a true match is drawn too and must stand above the unwanted one. Where the
text of a pair is a misreading, the picture shows exactly those letters. Several scenes of a gallery may answer one
query, which only makes the 20 places scarcer.

"By the vectors alone" ranks all photos of a gallery by cosines: the mean over the query's words of each word's best
region, or the best region for the words as one, whichever is higher.

With `--distractors` the other photos are those of a folder (the first so many by name); a photo that happens to show a
query's word is then a true match which may take a place.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.acceptance_scenes import LOOKS, Look, draw_distractors, draw_scene, save_scene
from benchmarks.record import write
from textsearch.alphabet import words_of
from textsearch.database import Database
from textsearch.index.folder import IndexFolder

PLACES = 20
"""Hits in which a wanted scene must be."""

FONTS = (
    "LiberationSans-Bold.ttf",
    "LiberationSerif-Regular.ttf",
    "DejaVuSansMono.ttf",
    "OpenSans-CondBold.ttf",
    "Caladea-Italic.ttf",
)
"""Grotesque, roman, typewriter with a marked zero, narrow, and a serif italic."""

VECTOR_FONTS = FONTS[:3]
"""Fonts whose plain scenes are also ranked by the vectors alone."""


@dataclass(frozen=True)
class Pair:
    """One row of the acceptance table.

    Attributes:
        query: what is asked.
        text: what the scene shows.
        rival: None for a wanted pair; else the text of a true match, which must stand above this one.
    """

    query: str
    text: str
    rival: str | None = None


PAIRS = (
    Pair("RE16", "FORD RE16TGK 2016"),
    Pair("RE16 TGK", "FORD RE16TGK 2016"),
    Pair("RE16", "FORD RE16 TGK 2016"),
    Pair("coca cola", "Enjoy Coca-Cola Classic"),
    Pair("coca cola", "Enjoy CocaCola Classic"),
    Pair("cola", "Enjoy CocaCola Classic"),
    Pair("coca cola", "Enjoy Coca Coia Classic"),
    Pair("coca cola", "Enjoy C0ca C0la Classic"),
    Pair("starbucks", "STARBUCK5 COFFEE"),
    Pair("starbucks", "STRABUCKS COFFEE"),
    Pair("starbucks", "STARBVCKS COFFEE"),
    Pair("starbucsk", "STARBUCKS COFFEE"),
    Pair("hotel", "H0TEL"),
    Pair("exit", "EX1T"),
    Pair("bank", "8ANK"),
    Pair("inpatient", "Inpatlent Hospital"),
    Pair("inpatient hospital", "Inpatlent Hospitai"),
    Pair("hospital inpatient", "Inpatient Hospital"),
    Pair("sale", "WHOLESALE"),
    Pair("pharm", "PHARMACY"),
    Pair("car", "CARD", "CAR WASH"),
    Pair("2026", "ANNUAL REPORT 2025", "REPORT 2026"),
    Pair("loose", "GOOSE FARM", "LOOSE TEA"),
    Pair("open", "OPERA HOUSE", "OPEN"),
)

Ranking = dict[str, tuple[int, float]]
"""File name of a photo -> its rank and its score."""


def scene_texts() -> list[str]:
    """Return every text that is drawn, in a fixed order."""
    texts = [text for pair in PAIRS for text in (pair.text, pair.rival) if text]
    return list(dict.fromkeys(texts))


def file_name(text: str) -> str:
    """Return the name of the file that shows a text."""
    return f"scene {text}.jpg"


def draw_scenes(folder: Path, font: Path, look: Look, seed: int) -> None:
    """Draw all texts in one of FONTS and one look; places and colours differ from scene to scene."""
    for number, text in enumerate(scene_texts()):
        random = np.random.default_rng((seed, FONTS.index(font.name), LOOKS.index(look), number))
        save_scene(draw_scene([text], font, look, random), look, folder / file_name(text))


def searched(database: Database, query: str, k: int) -> Ranking:
    """Return the ranking that a search gives."""
    return {hit.path.name: (hit.rank, hit.score) for hit in database.search(query, k)}


def by_vectors(database: Database, query: str) -> Ranking:
    """Return the ranking of all photos with text by the vectors alone."""
    words = words_of(query)
    vectors = database.model.encode_words([*words, "".join(words)])
    with IndexFolder.open(database.location) as folder:
        ids, cosines = folder.nearest(vectors, folder.info().regions)
        names = {number: image.path.name for number, image in folder.images().items()}
        owner = {region.region_id: region.image_id for region in folder.regions(np.unique(ids).tolist())}
    best: dict[str, list[float]] = defaultdict(lambda: [-1.0] * len(vectors))
    for row, (regions, values) in enumerate(zip(ids.tolist(), cosines.tolist(), strict=True)):
        for region, value in zip(regions, values, strict=True):
            found = best[names[owner[region]]]
            found[row] = max(found[row], value)
    scores = {name: max(float(np.mean(values[:-1])), values[-1]) for name, values in best.items()}
    ordered = sorted(scores, key=lambda name: -scores[name])
    return {name: (place, scores[name]) for place, name in enumerate(ordered, start=1)}


def judge(pair: Pair, ranking: Ranking) -> dict[str, Any]:
    """Return where the scene of a pair stands (None: not found), and whether that is as it should be."""
    rank, score = ranking.get(file_name(pair.text), (None, None))
    judged: dict[str, Any] = {"rank": rank, "score": score}
    if pair.rival is None:
        return {**judged, "passed": rank is not None and rank <= PLACES}
    rival, rival_score = ranking.get(file_name(pair.rival), (None, None))
    above = rival is not None and (rank is None or rival < rank)
    return {**judged, "rival_rank": rival, "rival_score": rival_score, "passed": above}


def measure_gallery(location: Path, scenes: Path, font: str, look: Look) -> list[dict[str, Any]]:
    """Index the scenes of one font and look beside the distractors and put all queries."""
    rows = []
    with Database(location) as database:
        report = database.index(scenes)
        if report.failures or report.added != len(scene_texts()):
            raise RuntimeError(f"of {len(scene_texts())} scenes {report.added} were indexed")
        for pair in PAIRS:
            row: dict[str, Any] = {"query": pair.query, "text": pair.text, "font": font, "look": look}
            row["search"] = judge(pair, searched(database, pair.query, PLACES))
            # Where a scene stands in the whole gallery tells how far a failure is from passing.
            row["whole_gallery"] = judge(pair, searched(database, pair.query, 0))
            if look == "plain" and font in VECTOR_FONTS:
                row["vectors"] = judge(pair, by_vectors(database, pair.query))
            rows.append({**row, "read": _read(database, scenes / file_name(pair.text))})
    return rows


def _read(database: Database, photo: Path) -> str:
    """Return the transcripts of a photo's regions."""
    with IndexFolder.open(database.location) as folder:
        return " ".join(region.text for region in folder.regions_of(photo.absolute()) or ())


def counts(judged: Iterable[dict[str, Any]], pairs: Iterable[Pair]) -> dict[str, int]:
    """Return how many wanted pairs are in the top and how many unwanted ones stand below their true match."""
    table = {"wanted": 0, "wanted_passed": 0, "unwanted": 0, "unwanted_passed": 0}
    for judgement, pair in zip(judged, pairs, strict=True):
        kind = "wanted" if pair.rival is None else "unwanted"
        table[kind] += 1
        table[f"{kind}_passed"] += judgement["passed"]
    return table


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts by look, by font, by pair, and of the vectors alone."""
    pair_of = {(pair.query, pair.text): pair for pair in PAIRS}

    def part(chosen: Sequence[dict[str, Any]], ranking: str = "search") -> dict[str, int]:
        return counts((row[ranking] for row in chosen), (pair_of[row["query"], row["text"]] for row in chosen))

    looks, fonts = (list(dict.fromkeys(row[key] for row in rows)) for key in ("look", "font"))
    return {
        "all": part(rows),
        "degraded": part([row for row in rows if row["look"] != "plain"]),
        "looks": {look: part([row for row in rows if row["look"] == look]) for look in looks},
        "fonts": {font: part([row for row in rows if row["font"] == font]) for font in fonts},
        "vectors": part([row for row in rows if "vectors" in row], "vectors"),
        "pairs": [_pair_summary(pair, rows) for pair in PAIRS],
    }


def _pair_summary(pair: Pair, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if (row["query"], row["text"]) == (pair.query, pair.text)]
    ranks = [row["search"]["rank"] for row in own]
    found = [rank for rank in ranks if rank is not None]
    return {
        "query": pair.query,
        "text": pair.text,
        "rival": pair.rival,
        "scenes": len(own),
        "passed": sum(row["search"]["passed"] for row in own),
        "found": len(found),
        "worst_rank": max(found, default=None),
        "failed": [f"{row['font']} {row['look']}" for row in own if not row["search"]["passed"]],
    }


def find_font(folder: Path, name: str) -> Path:
    """Return the font file of a name below a folder.

    Raises:
        FileNotFoundError: there is none.
    """
    found = sorted(folder.rglob(name))
    if not found:
        raise FileNotFoundError(f"no {name} below {folder}; install the fonts or name another folder")
    return found[0]


def gather_distractors(arguments: argparse.Namespace, fonts: Sequence[Path], folder: Path) -> list[Path]:
    """Return the photos that show other words: drawn ones, or the first of a folder."""
    if arguments.distractors is None:
        without = sorted({word for pair in PAIRS for word in (*words_of(pair.query), "".join(words_of(pair.query)))})
        return list(draw_distractors(folder, arguments.count, fonts, without, arguments.seed))
    photos = sorted(path for path in arguments.distractors.iterdir() if path.is_file())
    return photos[: arguments.count]


def run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Draw, index and search in a folder; return everything that was measured."""
    fonts = [find_font(arguments.fonts, name) for name in FONTS]
    distractors = gather_distractors(arguments, fonts, folder / "distractors")
    with Database(folder / "index") as database:
        report = database.index(*distractors)
    rows = []
    for font in fonts[: arguments.only_fonts]:
        for look in LOOKS:
            scenes, location = folder / f"{font.stem} {look}", folder / f"index {font.stem} {look}"
            draw_scenes(scenes, font, look, arguments.seed)
            shutil.copytree(folder / "index", location)
            rows += measure_gallery(location, scenes, font.name, look)
            shutil.rmtree(location)
            print(f"{font.name} {look}: {counts([row['search'] for row in rows[-len(PAIRS) :]], PAIRS)}", flush=True)
    return {
        "distractors": {
            "source": "drawn" if arguments.distractors is None else arguments.distractors.parent.name,
            "photos": report.added,
            "regions": report.regions,
        },
        "seed": arguments.seed,
        "summary": summarise(rows),
        "rows": rows,
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", type=Path, required=True, help=f"folder with {', '.join(FONTS)}, at any depth")
    parser.add_argument("--distractors", type=Path, help="folder of photos; default: drawn scenes")
    parser.add_argument("--count", type=int, default=500, help="number of distractors")
    parser.add_argument("--only-fonts", type=int, default=len(FONTS), help="use so many fonts, to try the program out")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="draw into this folder and keep the pictures")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measured = run(arguments, arguments.keep or Path(temporary))
    write({"benchmark": "acceptance", **measured}, arguments.output)
    print(json.dumps(measured["summary"], indent=2))


if __name__ == "__main__":
    main()
