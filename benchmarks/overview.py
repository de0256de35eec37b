"""The first table of the README: the best of several others in few lines."""

from __future__ import annotations

from benchmarks.markdown import load, table


def overview() -> str:
    """Return the best of several tables in few lines; each is told in full, with its conditions, in its own table."""
    words, phrase, part = load("retrieval")["programs"], load("phrases"), load("partial")
    kinds, scenes = load("reranking")["categories"], load("acceptance")["summary"]["all"]
    bent = [shape for shape in load("curved")["shapes"] if shape["shape"].startswith(("hill", "valley"))]
    polygons, boxes = (sum(shape[way]["map"] for shape in bent) / len(bent) for way in ("polygons", "quadrilaterals"))
    best_phrase = max(program["map"] for program in phrase["rapidocr"].values())
    best_part = max(program["map"] for program in part["rapidocr"].values())
    ocr = "RapidOCR 3.10 + edit distance"
    rows = [
        ["words", words["textsearch"]["map"], words["rapidocr"]["map"], ocr],
        ["phrases", phrase["textsearch"]["quoted"]["map"], best_phrase, f"{ocr}, the best of three ways"],
        ["parts of words", part["textsearch"]["plain"]["map"], best_part, "RapidOCR 3.10, the best of three ways"],
        ["words along arcs of 60 to 180 degrees, drawn", polygons, boxes, "the same with quadrilaterals"],
        ["names of kinds of goods and places", kinds["reranked"], kinds["text"], "the same without knowledge"],
    ]
    passed = f"{scenes['wanted_passed']} of {scenes['wanted']} drawn scenes"
    return (
        table(
            ["queries", "mAP", "compared with", ""],
            [[name, f"{ours:.1f}", f"{theirs:.1f}", other] for name, ours, theirs, other in rows],
        )
        + f"\n\nMisread, misspelt, merged, cut off: {passed} are among the first 20 photos for what people ask."
    )
