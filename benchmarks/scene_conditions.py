"""Which conditions on a picture are understood, which are refused: words that the lexicon does not know literally.

    python -m benchmarks.scene_conditions --output results.json

COVERED are other words for something that ImageNet's classes show, UNCOVERED is what no class can tell: moods, times,
names of places, what people do. Both were written down before any of them was tried; the threshold was chosen on them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.record import write
from textsearch.knowledge.lexicon import default_lexicon
from textsearch.knowledge.question import FULL_NAME, ask_category
from textsearch.knowledge.scenes import NEAR, nearest

COVERED = """a puppy; big dog; doggy; kitten; a small cat; sea shore; beach by the sea; cup of coffee; laptop computer;
mobile phone; race car; sports automobile; big truck; lorry; city bus; school buses; train on rails; a bicycle;
mountain bicycle; shop selling books; grocery shop; supermarket shelves; hairdresser; place to cut hair; movie theatre;
traffic lights; road sign; signpost at the street; sail boat; fire engine; aeroplane; passenger plane; butterflies;
a flower in a pot; pizza slice; ice-cream cone; stone wall; old castle; church building; mosque with minaret;
mountain top; volcanic mountain; water bottle; wine bottles; a keyboard; wooden chair; sofa; double bed; running shoes;
red wine; menu card; a web page; comic; umbrellas; baseball game; soccer; elephants; penguin; bear in snow;
goldfish bowl"""

UNCOVERED = """at night; sadness; happy people; two people talking; berlin; new york; in winter; raining; a red picture;
blurry photo; wedding party; my grandmother; someone smiling; good mood; justice; the year 1990; expensive;
vacation memories; selfie; people dancing; sunset; children playing; a man with a beard; crowd; love; nice weather;
dark; old photo; screenshot; political protest; handwriting; document; black and white; upside down; graffiti;
demonstration; birthday; yesterday; something funny; arabic script; tattoo; fog; empty; clean; birth certificate;
advertisement for insurance; christmas; construction work; dirty; signature; abstract art; landscape; portrait;
panorama; indoors; outdoors; holiday; broken; traffic jam; football match"""

THRESHOLDS = (0.6, 0.65, 0.7, 0.72, 0.75, 0.8)


def measure(texts: str) -> list[dict[str, object]]:
    """Return for each text that the lexicon does not know literally the nearest name and its cosine."""
    rows: list[dict[str, object]] = []
    for text in (" ".join(each.split()) for each in texts.split(";")):
        if ask_category(text, default_lexicon(), (), FULL_NAME) is None:
            name, cosine = nearest(text)[0]
            rows.append({"text": text, "nearest": name, "cosine": cosine})
    return rows


def main() -> None:
    """Measure both lists and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    covered, uncovered = measure(COVERED), measure(UNCOVERED)
    accepted = {
        f"{threshold:.2f}": [
            sum(float(str(row["cosine"])) >= threshold for row in rows) for rows in (covered, uncovered)
        ]
        for threshold in THRESHOLDS
    }
    result = {
        "threshold": NEAR,
        "conditions": {"covered": len(covered), "uncovered": len(uncovered)},
        "accepted_covered_and_uncovered": accepted,
        "covered": covered,
        "uncovered": uncovered,
    }
    write(result, arguments.output)


if __name__ == "__main__":
    main()
