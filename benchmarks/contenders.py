"""The two programs that are compared, each in a process of its own so that memory can be told apart.

A process is told what to do in lines of JSON on its standard input and answers in lines of JSON.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from benchmarks.ranks import ranks_of


class Contender:
    """A running program.

    Args:
        name: "textsearch" or "rapidocr".
        arguments: for the program.
    """

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contenders", name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask({"do": "ready"})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises:
            RuntimeError: the program ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended with code {self._process.wait()}")
        return cast(dict[str, Any], json.loads(answer))

    def close(self) -> None:
        """End the program."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


Handler = Callable[[dict[str, Any]], dict[str, Any]]


def textsearch(index: str) -> Handler:
    """Return the handler that indexes and searches with this project."""
    from textsearch.database import Database

    database = Database(Path(index))
    database.model.encode_words(["warm"])
    encoder = getattr(database.model, "encoder", None)
    del encoder  # building it loads the networks, as RapidOCR's constructor does

    def handle(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "read":
            report = database.index(*request["photos"])
            return {"failed": [str(failure.path) for failure in report.failures]}
        if request["do"] == "search":
            return {"ranks": ranks_of(database.search(request["query"], 0))}
        if request["do"] == "boxes":
            folder = database._open()  # the benchmark looks at the index itself, below the public surface
            found = {photo: folder.regions_of(Path(photo)) or [] for photo in request["photos"]}
            return {"boxes": {photo: [r.polygon.tolist() for r in regions] for photo, regions in found.items()}}
        return {}

    return handle


def rapidocr() -> Handler:
    """Return the handler that reads with RapidOCR exactly as it ships."""
    from rapidocr import RapidOCR

    engine = RapidOCR()
    texts: dict[str, list[str]] = {}
    boxes: dict[str, list[Any]] = {}

    def handle(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "read":
            for photo in request["photos"]:
                output: Any = engine(photo)  # its type depends on options that are not given here
                texts[photo] = list(output.txts or ())
                boxes[photo] = [] if output.boxes is None else output.boxes.tolist()
            return {}
        if request["do"] == "texts":
            return {"texts": texts}
        if request["do"] == "boxes":
            return {"boxes": {photo: boxes[photo] for photo in request["photos"]}}
        return {}

    return handle


def transcripts(photos: Sequence[str], readings: Path | None) -> dict[str, list[str]]:
    """Return the lines that RapidOCR, as it ships, reads in each photo.

    Args:
        photos: paths.
        readings: JSON file of what it read before, by its version and the photo's content: what is in there is not read
            again, what is not is added. None: read everything.
    """
    keys = {photo: f"{version('rapidocr')} {hashlib.sha256(Path(photo).read_bytes()).hexdigest()}" for photo in photos}
    known: dict[str, list[str]] = {}
    if readings is not None and readings.exists():
        known = json.loads(readings.read_text(encoding="utf-8"))
    unread = [photo for photo in photos if keys[photo] not in known]
    if unread:
        reader = Contender("rapidocr")
        try:
            reader.ask({"do": "read", "photos": unread})
            known |= {keys[photo]: lines for photo, lines in reader.ask({"do": "texts"})["texts"].items()}
        finally:
            reader.close()
        if readings is not None:
            readings.write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
    return {photo: known[keys[photo]] for photo in photos}


def serve(handle: Handler) -> None:
    """Answer requests until standard input ends; each answer carries its seconds and the peak memory so far."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a program prints must not mix with the answers
    for line in sys.stdin:
        request = json.loads(line)
        began = time.perf_counter()
        answer = handle(request)
        answer["seconds"] = time.perf_counter() - began
        # Linux counts in kilobytes.
        answer["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main(arguments: Sequence[str]) -> None:
    """Run one contender."""
    name, *rest = arguments
    serve(textsearch(*rest) if name == "textsearch" else rapidocr())


if __name__ == "__main__":
    main(sys.argv[1:])
