"""Regular expressions, tried on the transcripts of words and of lines."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from textsearch.index.folder import IndexFolder
from textsearch.index.readings import Readings
from textsearch.matching.found import Found
from textsearch.matching.patterns import LONGEST_TEXT
from textsearch.matching.plan import Pattern
from textsearch.rerank import EXACT

_VALUE = 0.9
"""Score of a photo whose transcript matches: how sure the reading is cannot be told from letters alone."""


_MAY_MATCH_SPACE = re.compile(r"[ .\[]|\\[sSWD]|\\x|\\u")
"""What an expression that matches more than one word must hold."""


@dataclass(frozen=True)
class _Texts:
    """The normalised transcripts of an index: each word with its places, and the lines of several words, with theirs.

    What holds no letter or digit is no word: "Marks & Spencer" reads "marks spencer" also where & is a region.
    """

    readings: Readings
    places: Mapping[str, Sequence[int]]
    lines: Sequence[tuple[Sequence[int], str]]


class Transcripts:
    """Tries regular expressions on the transcripts of an index, which are read when they are first needed. Thread-safe.

    Args:
        index: whose transcripts.
    """

    def __init__(self, index: IndexFolder) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._texts: _Texts | None = None

    def found(self, pattern: Pattern, readings: Readings) -> Found:
        """Return the words that match an expression, and the lines of several words, written with spaces, that do."""
        texts = self._current(readings)
        search = pattern.compiled.search
        rows: list[tuple[int, int, float, float]] = []
        for word, places in texts.places.items():
            # An expression such as x* also matches between any two letters, and that shows nothing.
            match = next((each for each in pattern.compiled.finditer(word[:LONGEST_TEXT]) if each.group()), None)
            if match:
                extent = match.start() / len(word), match.end() / len(word)
                rows += [(place, place, *extent) for place in places]
        if _MAY_MATCH_SPACE.search(pattern.compiled.pattern):
            for line_places, line in texts.lines:
                match = search(line[:LONGEST_TEXT])
                if match and " " in match.group():
                    first, last = _words_at(line, match.start(), match.end())
                    rows.append((line_places[first], line_places[last], np.nan, np.nan))
        return _table(pattern, rows, readings)

    def _current(self, readings: Readings) -> _Texts:
        with self._lock:
            if self._texts is None or self._texts.readings is not readings:
                self._texts = self._read(readings)
            return self._texts

    def _read(self, readings: Readings) -> _Texts:
        letters = self._index.letters()
        words = [letters.get(number, "") for number in readings.region_ids.tolist()]
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            places.setdefault(word, []).append(place)
        lines = []
        for start, stop in pairwise(readings.line_starts.tolist()):
            own = [place for place in range(start, stop) if words[place]]
            if len(own) > 1:
                lines.append((own, " ".join(words[place] for place in own)))
        return _Texts(readings, places, lines)


def _words_at(line: str, start: int, stop: int) -> tuple[int, int]:
    """Return the first and the last word of a line that characters start to stop touch."""
    return line.count(" ", 0, start), line.count(" ", 0, stop - 1)


def _table(pattern: Pattern, rows: list[tuple[int, int, float, float]], readings: Readings) -> Found:
    table = np.array(rows, np.float64).reshape(-1, 4)
    first, last = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    count = len(rows)
    return Found(
        targets=(pattern,),
        which=np.zeros(count, np.int64),
        first=first,
        last=last,
        images=readings.image_ids[first],
        values=np.full(count, _VALUE, np.float32),
        kinds=np.full(count, EXACT),
        whole=np.ones(count, bool),
        similarity=np.full(count, np.nan, np.float32),
        fit=np.ones(count, np.float32),
        extent=table[:, 2:].astype(np.float32),
    )
