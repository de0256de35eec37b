"""What each published retrieval protocol asks: its photos, its queries, and which photos answer which query.

Localisation is evaluated by none of them: a photo is relevant if it holds the word, wherever that stands.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from textsearch.errors import TextSearchError
from textsearch.training.datasets.formats import malformed, read_lines, read_matlab, strings
from textsearch.training.datasets.icdar import Icdar2015
from textsearch.training.datasets.photos import AnnotatedPhoto, one_of, pictures
from textsearch.training.datasets.svt import Svt
from textsearch.training.datasets.total_text import TotalText
from textsearch.training.datasets.words import Words

_WORDS_QUERY = re.compile(r"[a-z0-9]{3,}")
_NOT_A_LETTER = re.compile(r"[^a-zA-Z0-9]")
_LEFT_OUT = re.compile(r"[.#!&$]")
_FREQUENT = 100


@dataclass(frozen=True)
class WordQuery:
    """A query as its protocol writes it, and the places in `RetrievalTask.photos` of the photos that answer it."""

    text: str
    relevant: frozenset[int]


@dataclass(frozen=True)
class RetrievalTask:
    """A gallery and what is asked of it.

    Attributes:
        photos: the gallery.
        queries: at least one; each has at least one relevant photo.
        frequent: texts of the most frequent queries, for a mean of their own; empty where the protocol has none.
    """

    photos: tuple[Path, ...]
    queries: tuple[WordQuery, ...]
    frequent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Published:
    """How many photos and queries a protocol's published numbers were measured with."""

    images: int
    queries: int


PUBLISHED: Mapping[str, Published] = {
    "svt": Published(249, 427),
    "iiit-str": Published(10_000, 50),
    "coco-text": Published(7_196, 500),
    "icdar2015": Published(500, 100),
    "totaltext": Published(300, 60),
    "csvtr": Published(1_667, 23),
}
"""By data set; `words` is nobody's published set."""


def read_task(dataset: str, root: Path, split: str | None = None) -> RetrievalTask:
    """Return the task of a data set that lies in `root` as its publisher packed it.

    Args:
        dataset: a key of PUBLISHED, or "words".
        root: the set's folder.
        split: for "words", only rows of this split.

    Raises:
        TextSearchError: files are missing or cannot be read, a query has no photo, or a split is asked of another set.
        MissingDependencyError: SciPy, which reads MATLAB files, is not installed.
    """
    if dataset == "words":
        task = words(root, split)
    elif split is not None:
        raise TextSearchError(f"The protocol of {dataset} has one part only; leave the split out.")
    else:
        readers = {
            "svt": svt,
            "iiit-str": iiit_str,
            "coco-text": coco_text,
            "icdar2015": icdar2015,
            "totaltext": total_text,
            "csvtr": csvtr,
        }
        task = readers[dataset](root)
    if not task.queries:
        raise TextSearchError(f"No query of {dataset} comes out of {root}; is it the set's own folder?")
    unanswered = [query.text for query in task.queries if not query.relevant]
    if unanswered:
        raise TextSearchError(
            f"No photo in {root} answers the query {unanswered[0]!r}; the copy is not complete, fetch it again."
        )
    return task


def svt(root: Path) -> RetrievalTask:
    """Street View Text: test.xml and img. Queries are all distinct lower-cased tags of the test photos."""
    photos = list(Svt(root, "test").photos())
    return _task(photos, ([word.text.lower() for word in photo.words if word.legible] for photo in photos))


def iiit_str(root: Path) -> RetrievalTask:
    """IIIT scene text retrieval: imgDatabase and data.mat, which lists the queries and the photos of each."""
    table = root / "data.mat"
    photos = pictures(root / "imgDatabase")
    places = {photo.name: place for place, photo in enumerate(photos)}
    queries = []
    for row in read_matlab(table, "data").ravel():
        text, names = "".join(strings(row[0])), list(strings(row[1]))
        missing = [name for name in names if name not in places]
        if missing:
            raise malformed(table, f"imgDatabase holds no {missing[0]}, which answers {text!r}")
        queries.append(WordQuery(text.lower(), frozenset(places[name] for name in names)))
    return RetrievalTask(tuple(photos), tuple(queries))


def coco_text(root: Path) -> RetrievalTask:
    """COCO-Text retrieval: images, gts and queries.txt; words are compared by their Latin letters and digits."""
    photos, relevant = [], defaultdict(set)
    for place, listed in enumerate(sorted((root / "gts").glob("*.txt"))):
        photos.append(root / "images" / f"{listed.stem}.jpg")
        for line in read_lines(listed):
            relevant[_NOT_A_LETTER.sub("", line).lower()].add(place)
    texts = dict.fromkeys(line.strip() for line in read_lines(root / "queries.txt"))
    return RetrievalTask(tuple(photos), tuple(WordQuery(text, frozenset(relevant[text])) for text in texts))


def icdar2015(root: Path) -> RetrievalTask:
    """ICDAR 2015: ch4_test_images and Challenge4_Test_Task1_GT. Queries are the 100 most frequent words."""
    annotations = one_of(root / "Challenge4_Test_Task4_GT", root / "Challenge4_Test_Task1_GT")
    photos = list(Icdar2015(root / "ch4_test_images", annotations).photos())
    # The published numbers were made by a reader that takes what stands after the last comma.
    texts = ([word.text.rpartition(",")[2] for word in photo.words] for photo in photos)
    return _most_frequent(photos, texts, 100)


def total_text(root: Path) -> RetrievalTask:
    """Total-Text: Images/Test and txt_format/Test or Groundtruth/Polygon/Test. Queries: the 60 most frequent words."""
    photos = list(TotalText.of(root, "Test").photos())
    return _most_frequent(photos, ([word.text for word in photo.words] for photo in photos), 60)


def csvtr(root: Path) -> RetrievalTask:
    """Chinese street view text retrieval: a folder for each query, named as the query, with the photos that answer."""
    photos = [photo for photo in pictures(root) if photo.parent != root]
    return _task(photos, ([photo.relative_to(root).parts[0]] for photo in photos))


def words(root: Path, split: str | None) -> RetrievalTask:
    """Our own protocol over a words.jsonl, or the folder that holds it.

    Queries are all distinct legible words that, lower-cased, are three or more of a-z and 0-9.
    """
    photos = list(Words(root / "words.jsonl" if root.is_dir() else root, split).photos())
    texts = [
        [text for word in photo.words if word.legible and _WORDS_QUERY.fullmatch(text := word.text.lower())]
        for photo in photos
    ]
    counts = Counter(text for row in texts for text in row)
    return _task(photos, texts, frozenset(text for text, _ in counts.most_common(_FREQUENT)))


def _task(
    photos: Sequence[AnnotatedPhoto | Path], texts: Iterable[Iterable[str]], frequent: frozenset[str] = frozenset()
) -> RetrievalTask:
    """Return the task whose queries are all distinct texts, given for each photo."""
    relevant = defaultdict(set)
    for place, row in enumerate(texts):
        for text in row:
            relevant[text].add(place)
    return RetrievalTask(
        photos=tuple(photo if isinstance(photo, Path) else photo.path for photo in photos),
        queries=tuple(WordQuery(text, frozenset(places)) for text, places in relevant.items()),
        frequent=frequent,
    )


def _most_frequent(photos: Sequence[AnnotatedPhoto], texts: Iterable[Iterable[str]], count: int) -> RetrievalTask:
    """Return the task of the words of three letters or more that the most photos hold.

    Which of several equally frequent words still belong to them depends on the order of the files, and is not
    published; here files are taken by name, and of equally frequent words the first.
    """
    task = _task(photos, ([word for text in row for word in _published_words(text)] for row in texts))
    ordered = sorted(task.queries, key=lambda query: -len(query.relevant))
    return RetrievalTask(task.photos, tuple(ordered[:count]))


def _published_words(text: str) -> list[str]:
    """Return the words of a transcription as the published protocol cleans them: lower case, without . # ! & and $."""
    quoted = len(text) > 1 and text.startswith("'") and text.endswith("'")
    bare = _LEFT_OUT.sub("", (text[1:-1] if quoted else text).lower())
    return [word for word in bare.split(" ") if len(word) > 2]
