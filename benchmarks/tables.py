"""Write the tables of README.md and benchmarks/README.md from the JSON in benchmarks/results.

python -m benchmarks.tables            # --check only says whether they are up to date
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.markdown import REFERENCE, load, table
from benchmarks.overview import overview
from benchmarks.record import ROOT, measured_on, state_of

DOCUMENTS = (ROOT / "README.md", ROOT / "benchmarks" / "README.md")


def retrieval() -> str:
    """Return the table of word retrieval."""
    result = load("retrieval")
    rows = [
        [
            {"textsearch": "textsearch", "rapidocr": REFERENCE}[name],
            f"{program['map']:.1f}",
            f"{program['top100_map']:.1f}",
            f"{program['images_per_second']:.1f}",
            f"{program['reading_peak_megabytes']:.0f}",
            f"{program['detector_recall']:.1f}",
        ]
        for name, program in result["programs"].items()
    ]
    ratio = result["speed_ratio"]
    header = ["program", "mAP", "top-100 mAP", "images/s", "peak MB", "detector recall %"]
    note = (
        f"{result['photos']} photos of {result['data']}, both programs in one run, taking turns; textsearch also finds "
        f"out what they show, RapidOCR only reads. Speed ratio by turns: median {ratio['median']:.2f}, from "
        f"{ratio['minimum']:.2f} to {ratio['maximum']:.2f}. Recall is that of words, by boxes that overlap them by "
        f"half; RapidOCR's boxes are lines, which cover single words only. {measured_on(result)}"
    )
    return f"{table(header, rows)}\n\n{note}"


def latency() -> str:
    """Return the table of query times."""
    result = load("latency")
    rows = [
        [
            f"{size['regions']:,}",
            f"{size['one_word_ms']['p50']:.0f} / {size['one_word_ms']['p95']:.0f}",
            f"{size['two_words_ms']['p50']:.0f} / {size['two_words_ms']['p95']:.0f}",
            f"{size['cold_command_ms']['p50']:.0f}",
            f"{sum(size['bytes_per_region'].values()):,.0f}",
        ]
        for size in result["sizes"]
    ]
    header = ["regions", "one word, p50 / p95 ms", "two words, p50 / p95 ms", "cold command, p50 ms", "bytes a region"]
    return f"{table(header, rows)}\n\n{measured_on(result)}"


def acceptance() -> str:
    """Return the acceptance table, one row a pair."""
    result = load("acceptance")
    summary = result["summary"]
    rows = [
        [
            f"`{pair['query']}`",
            pair["text"],
            f"below {pair['rival']}" if pair["rival"] else "in the top 20",
            f"{pair['passed']} / {pair['scenes']}",
            "-" if pair["worst_rank"] is None else str(pair["worst_rank"]),
        ]
        for pair in summary["pairs"]
    ]
    header = ["query", "the scene shows", "expected", "scenes that pass", "lowest place"]
    total, vectors = summary["all"], summary["vectors"]
    note = (
        f"{len(summary['fonts'])} fonts, each in {len(summary['looks'])} looks ({', '.join(summary['looks'])}), among "
        f"{result['distractors']['photos']} photos with other words ({result['distractors']['source']}): "
        f"{_passed(total)}. By the vectors alone, plain scenes in three fonts: {_passed(vectors)}. "
        f"{measured_on(result)}"
    )
    return f"{table(header, rows)}\n\n{note}"


def _passed(counts: dict[str, int]) -> str:
    return (
        f"{counts['wanted_passed']} of {counts['wanted']} wanted scenes in the top 20, {counts['unwanted_passed']} of "
        f"{counts['unwanted']} unwanted ones below their true match"
    )


def phrases() -> str:
    """Return the table of phrase retrieval."""
    names = {
        "quoted": 'textsearch, `"first second"`',
        "plain": "textsearch, `first second`",
        "lines": "RapidOCR 3.10 as shipped, edit distance to lines",
        "windows": "the same, to any one to three words of a line",
        "transcript": "the same, also across lines",
    }
    return _retrieval_of("phrases", names, "pairs of words beside each other on a line")


def partial() -> str:
    """Return the table of partial retrieval."""
    names = {
        "wildcards": "textsearch, `*abc*`",
        "plain": "textsearch, `abc`",
        "words": "RapidOCR 3.10 as shipped, substring of a word",
        "lines": "the same, substring of a line without spaces",
        "fuzzy": "the same, most similar stretch of a line",
    }
    return _retrieval_of("partial", names, "parts of three to five letters of longer words")


def _retrieval_of(name: str, names: dict[str, str], asked: str) -> str:
    result = load(name)
    measured = {**result["textsearch"], **result["rapidocr"]}
    rows = [[label, f"{measured[key]['map']:.1f}", _gain(result["gain"].get(key))] for key, label in names.items()]
    first = next(iter(result["textsearch"].values()))
    note = (
        f"{first['queries']} queries ({asked}) over {result['photos']} photos of {result['data']}. The gain is that of "
        f"the first row, with its 95 % interval over the queries. {measured_on(result)}"
    )
    return f"{table(['program', 'mAP', 'gain over it'], rows)}\n\n{note}"


def _gain(gain: dict[str, float] | None) -> str:
    return f"{gain['map']:+.1f} ({gain['low']:+.1f} to {gain['high']:+.1f})" if gain else ""


def candidates() -> str:
    """Return the tables of what searching only likely regions loses, and of query times."""
    result = load("candidates")
    recall = [
        [name, f"{row['queries']}", f"{row['mean']:.1f}", f"{row['pooled']:.1f}", f"{row['top_20']:.1f}"]
        for name, row in result["recall"].items()
    ]
    times = [[kind, f"{row['p50']:.0f} / {row['p95']:.0f}"] for kind, row in result["query_ms"].items()]
    fractions = ", ".join(f"{kind} {100 * share:.1f} %" for kind, share in result["time_fraction"].items())
    header = ["hits found, % of scoring every region", "queries", "mean of queries", "all hits", "best 20"]
    note = (
        f"{result['regions']:,} made-up regions with {result['different_words']:,} different words. Time as a part of "
        f"scoring every region: {fractions}. {measured_on(result)}"
    )
    return f"{table(header, recall)}\n\n{table(['query', 'p50 / p95 ms'], times)}\n\n{note}"


def reranking() -> str:
    """Return the table of what knowledge does to rankings."""
    result = load("reranking")
    names = {"categories": "names of kinds of goods and places", "brands": "names of brands and shops"}
    rows = [
        [label, f"{part['queries']}", f"{part['text']:.1f}", f"{part['reranked']:.1f}", _gain(part["gain"])]
        for key, label in names.items()
        for part in (result[key],)
    ]
    header = ["queries", "number", "by text alone, mAP", "with knowledge, mAP", "gain"]
    note = (
        f"{result['photos']} photos: development photos of Grocery Store Dataset's packages, of shop fronts, and of "
        f"ICDAR 2015 as distractors; the classifier has seen none of them. Of {result['meaningless']['queries']} words "
        f"that name nothing {result['meaningless']['changed']} results changed. {measured_on(result)}"
    )
    return f"{table(header, rows)}\n\n{note}"


def knowledge() -> str:
    """Return the tables of classification, one for each way to hold photos back."""
    result = load("knowledge")
    parts = [
        _classification(f"{task}, {cut}", measured)
        for task, cuts in result["tasks"].items()
        for cut, measured in cuts.items()
    ]
    return "\n\n".join([*parts, measured_on(result)])


def _classification(task: str, measured: dict[str, Any]) -> str:
    header = [task, "accuracy %", "macro AP %", "MRR %", "severity", "accuracy against plain fusion"]
    rows = [
        [
            name,
            *(f"{100 * row[metric]:.1f}" for metric in ("accuracy", "macro_ap", "mrr")),
            "-" if row["severity"] is None else f"{row['severity']:.1f}",
            "" if name == "plain fusion" else "{:+.1f} ({:+.1f} to {:+.1f})".format(*row["against_plain_fusion"]),
        ]
        for name, row in measured["rows"].items()
    ]
    note = f"{measured['photos']} photos of {measured['classes']} classes, {measured['seeds']} seeds."
    return f"{table(header, rows)}\n\n{note}"


RANKINGS = {
    "transcript": "transcript + edit distance",
    "lattice": "lattice",
    "vectors": "vectors",
    "vectors_float16": "float16",
    "vectors_pq": "PQ, 60 bytes",
    "full": "vectors + lattice",
}
"""Way of ranking in `ablation.json` -> column of the table."""


def ablation() -> str:
    """Return the table of what each part of the network is worth."""
    result = load("ablation")
    header = ["weights", "detector recall %", *RANKINGS.values(), "every region read right"]
    rows = [
        [
            variant["name"],
            f"{variant['detector_recall']:.1f}",
            *(f"{variant['rankings'][name]['map']:.1f}" for name in RANKINGS),
            f"{variant['ceiling']['map']:.1f}",
        ]
        for variant in result["variants"]
    ]
    paper = load("tdsl")
    by_vectors = (f"{paper['rankings'][name]['map']:.1f}" if name in paper["rankings"] else "" for name in RANKINGS)
    recall, ceiling = f"{paper['detector_recall']:.1f}", f"{paper['ceiling']['map']:.1f}"
    rows.append(["`tdsl`: the paper's own network, trained by itself", recall, *by_vectors, ceiling])
    curve = ", ".join(f"{100 * score:.1f} after {step:,} steps" for step, score in paper["curve"])
    note = (
        f"Word mAP on {result['photos']} photos of {result['data']}; {REFERENCE} in the "
        f"same run: {result['rapidocr']['map']:.1f}. {measured_on(result)} `tdsl` was measured by itself "
        f"({state_of(paper['environment'])}) after training for {paper['steps']:,} steps of "
        f"{paper['recipes'][-1]['batch']} squares on such cores, which logged a score of {curve}."
    )
    return f"{table(header, rows)}\n\n{note}"


def branches() -> str:
    """Return the table of what the terms of the similarity's loss and the size of its vectors are worth."""
    result = load("branches")
    header = ["branches", "vectors", "PQ, 60 bytes", "vectors + lattice"]
    rows = [
        [variant["name"], *(_mean_and_all(variant["map"][way]) for way in ("vectors", "vectors_pq", "full"))]
        for variant in result["variants"]
    ]
    package = result["package"]
    finished = ["the package", *(f"{package[way]['map']:.1f}" for way in ("vectors", "vectors_pq", "full"))]
    note = (
        f"Word mAP on {result['photos']} photos of {result['data']}, mean and single values of {result['seeds']} "
        f"seeds, {result['steps']} steps over {result['crops']:,} crops (the package: 4,000 steps); the lattice alone "
        f"{package['lattice']['map']:.1f}. {measured_on(result)}"
    )
    return f"{table(header, [*rows, finished])}\n\n{note}"


def shared_maps() -> str:
    """Return the table of what the detector's own map adds to the description of a word."""
    result = load("shared_maps")
    header = ["the jointly trained branch sees", "vectors", "PQ, 60 bytes", "vectors + lattice"]
    ways = ("vectors", "vectors_pq", "full")
    names = {"with_map": "pixels and the detector's map", "without_map": "pixels alone"}
    rows = [[name, *(f"{result[sees][way]['map']:.1f}" for way in ways)] for sees, name in names.items()]
    note = f"Word mAP on {result['photos']} photos of {result['data']}. {measured_on(result)}"
    return f"{table(header, rows)}\n\n{note}"


def _mean_and_all(scores: dict[str, Any]) -> str:
    return f"{scores['mean']:.1f} ({', '.join(f'{score:.1f}' for score in scores['all'])})"


def resolutions() -> str:
    """Return the table of accuracy against speed."""
    result = load("resolutions")
    header = ["longer side or preset", "mAP", "top-100 mAP", "detector recall %", "images/s", "speed, RapidOCR = 1"]
    rows = [
        [
            row["setting"],
            f"{row['full']['map']:.1f}",
            f"{row['full']['top100_map']:.1f}",
            f"{row['detector_recall']:.1f}",
            f"{row['images_per_second']:.1f}",
            "{median:.2f} ({minimum:.2f} to {maximum:.2f})".format(**row["speed"]),
        ]
        for row in result["settings"]
    ]
    theirs = result["rapidocr"]
    reference = [
        REFERENCE,
        *(f"{theirs[metric]:.1f}" for metric in ("map", "top100_map")),
        "",
        f"{theirs['images_per_second']:.1f}",
        "1",
    ]
    note = (
        f"{result['photos']} photos of {result['data']}, all settings and RapidOCR in turns on small groups of "
        "photos, of which textsearch reads as many at once as there are cores, as in indexing; text only, without what "
        f"photos show. {measured_on(result)}"
    )
    return f"{table(header, [*rows, reference])}\n\n{note}"


def curved() -> str:
    """Return the table of words along curves, turned and in columns."""
    result = load("curved")
    header = ["shape", "pictures", "polygons, mAP", "quadrilaterals only, mAP"]
    rows = [
        [row["shape"], f"{row['pictures']}", *(f"{row[name]['map']:.1f}" for name in ("polygons", "quadrilaterals"))]
        for row in result["shapes"]
    ]
    return f"{table(header, rows)}\n\n{measured_on(result)}"


def pretraining() -> str:
    """Return the table of what pre-training without labels is worth, by the number of labels."""
    result = load("pretraining")
    shares = list(next(iter(result["variants"].values())))
    header = ["start", *(f"{100 * float(share):g} % of the labels" for share in shares)]
    rows = [
        [name, *(f"{cells[share]['map']:.1f} ± {cells[share]['deviation']:.1f}" for share in shares)]
        for name, cells in result["variants"].items()
    ]
    note = (
        f"Word retrieval mAP on {result['held_back']['strips']:,} held-back crops, mean and deviation of three seeds; "
        f"{result['unlabelled_strips']:,} strips without labels. {measured_on(result)}"
    )
    return f"{table(header, rows)}\n\n{note}"


TABLES: dict[str, Callable[[], str]] = {
    "overview": overview,
    "retrieval": retrieval,
    "latency": latency,
    "acceptance": acceptance,
    "phrases": phrases,
    "partial": partial,
    "candidates": candidates,
    "reranking": reranking,
    "knowledge": knowledge,
    "ablation": ablation,
    "branches": branches,
    "shared_maps": shared_maps,
    "resolutions": resolutions,
    "curved": curved,
    "pretraining": pretraining,
}
"""The tables that a document may hold, by the names in its markers."""


def render(text: str) -> str:
    """Return a text with what stands between each pair of table markers written anew.

    Raises:
        ValueError: a marker names no table, or has no end.
    """
    for name in re.findall(r"<!-- table: (\S+) -->\n", text):
        if name not in TABLES:
            raise ValueError(f"there is no table {name!r}; there are {', '.join(TABLES)}")
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        before, _, rest = text.partition(begin)
        _, marker, after = rest.partition(end)
        if not marker:
            raise ValueError(f"the table {name} has no end marker")
        text = f"{before}{begin}{TABLES[name]()}\n{marker}{after}"
    return text


def main() -> None:
    """Write or check the documents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a table is out of date")
    arguments = parser.parse_args()
    current = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}
    rendered = {document: render(text) for document, text in current.items()}
    if arguments.check:
        sys.exit(int(rendered != current))
    for document, text in rendered.items():
        document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
