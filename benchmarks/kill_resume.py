"""Kill indexing runs at random moments, go on, and compare with a run that nobody disturbed.

    python -m benchmarks.kill_resume --output benchmarks/results/kill_resume.json

Each of the runs is killed once (SIGKILL, nothing can be tidied up) and then resumed to its end. Afterwards the index
must hold exactly what the undisturbed one holds, what is known about the photos included, the vectors must be those of
its regions, and no photo that a committed batch held when the run died may have been read again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import ROOT, write
from textsearch.demo import draw_gallery
from textsearch.errors import IndexNotFoundError
from textsearch.images import read_image
from textsearch.index.folder import IndexFolder, ModelIdentity
from textsearch.indexer.describe import Describer
from textsearch.indexer.pipeline import IndexOptions, build
from textsearch.knowledge.spans import readings_of
from textsearch.types import ByteArray, Regions, TextModel

BATCH, CHECKPOINT = 4, 12
"""Small, so that many moments fall into or between transactions and checkpoints."""

FAKE_SECONDS = 0.02
"""Seconds that the fake network pretends to need for a photo."""

Content = dict[str, tuple[Any, ...]]


class _Logging:
    """Passes everything on to a model and notes in a file, photo by photo, what was read."""

    def __init__(self, model: TextModel, log: Path, seconds: float) -> None:
        self.name, self.fingerprint, self.dimension = model.name, model.fingerprint, model.dimension
        self.alphabet = model.alphabet
        self.encode_words = model.encode_words
        self._model = model
        self._log = log
        self._seconds = seconds

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        with self._log.open("a") as log:
            log.writelines(f"{_digest(image)}\n" for image in images)
        time.sleep(self._seconds)
        return self._model.encode_images(images)


def _digest(pixels: ByteArray) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _networks(fake: bool, log: Path) -> tuple[TextModel, Describer]:
    """Return what reads photos and notes them in the log, and what finds out more about them, both loaded."""
    if fake:
        from tests.fakes import FakeDescriber, FakeModel

        return _Logging(FakeModel(), log, FAKE_SECONDS), FakeDescriber()
    from textsearch.knowledge.notices import PhotoDescriber
    from textsearch.runtime.model import load_model

    loaded, nothing = load_model(), np.full((64, 64, 3), 200, np.uint8)
    describer = PhotoDescriber(loaded.alphabet)
    (regions,) = loaded.encode_images([nothing])
    describer.describe(nothing, readings_of(regions))
    return _Logging(loaded, log, 0.0), describer


def _index(folders: Sequence[Path], networks: tuple[TextModel, Describer], jobs: int | None) -> dict[str, Any]:
    """Index a gallery into a folder; return the report."""
    gallery, location = folders
    model, describer = networks
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    with IndexFolder.create_or_open(location, identity) as index:
        options = IndexOptions(jobs=jobs, batch_size=BATCH, checkpoint_every=CHECKPOINT)
        return build(index, model, [gallery], options, describer=describer).to_dict()


def _child(folders: Sequence[Path], log: Path, fake: bool, jobs: int | None) -> None:
    """Index a gallery, saying "ready" once everything is loaded."""
    networks = _networks(fake, log)
    print("ready", flush=True)
    print(json.dumps(_index(folders, networks, jobs)), flush=True)


def draw(gallery: Path, count: int, seed: int, fake: bool) -> list[Path]:
    """Make so many photos, which are returned, one of them a copy, and a damaged file."""
    if fake:
        from tests.fakes import save_photo

        photos = [
            save_photo(gallery / f"folder{i % 3}" / f"{i:04}.png", f"number{i}", "word") for i in range(count - 1)
        ]
    else:
        photos = []
        while len(photos) < count - 1:
            photos += [scene.path for scene in draw_gallery(gallery / f"folder{len(photos)}", seed + len(photos))]
        for path in photos[count - 1 :]:
            path.unlink()
        del photos[count - 1 :]
    (gallery / "damaged.jpg").write_bytes(photos[0].read_bytes()[:200])
    return [*photos, Path(shutil.copy(photos[0], gallery / f"copy{photos[0].suffix}"))]


def content_of(location: Path) -> Content:
    """Return everything the index holds by path; the numbers of rows, which depend on the order, left out."""
    content: Content = {}
    try:
        index = IndexFolder.open(location)
    except IndexNotFoundError:  # killed before the index was made
        return content
    with index:
        pictures = dict(zip(index.pictures()[0].tolist(), index.pictures()[1], strict=True))
        for image in index.images().values():
            picture = pictures.get(image.image_id)
            for path in image.paths:
                regions = index.regions_of(path) or []
                vectors = index.embeddings([region.region_id for region in regions])
                content[str(path)] = (
                    image.sha256,
                    image.width,
                    image.height,
                    tuple((r.text, r.text_score, r.score, r.line, r.polygon.tobytes()) for r in regions),
                    tuple(region.lattice.to_bytes() for region in regions),
                    vectors.tobytes(),
                    _known(index, image.image_id, [region.region_id for region in regions]),
                    None if picture is None else picture.tobytes(),
                )
        content.update((str(failure.path), (failure.reason,)) for failure in index.failures())
    return content


def _known(index: IndexFolder, image_id: int, region_ids: Sequence[int]) -> tuple[Any, ...]:
    """Return what is known about an image, its words by their places in the image."""
    known = index.knowledge_of([image_id]).get(image_id, ())
    return tuple(sorted((k.kind, k.identifier, k.score, tuple(map(region_ids.index, k.region_ids))) for k in known))


def vectors_missing(location: Path) -> int:
    """Return how many regions a search over all vectors does not find, or finds without their row."""
    with IndexFolder.open(location) as index:
        stored = {
            region.region_id for image in index.images().values() for region in index.regions_of(image.path) or []
        }
        if not stored:
            return 0
        query = index.embeddings([min(stored)])
        found, _ = index.nearest(query, len(stored) + 10)
        return len(stored ^ {int(number) for number in found[0] if number >= 0})


class Trial:
    """Runs the indexing process on one gallery."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self.folder = folder
        self.gallery = folder / "gallery"
        self._arguments = arguments

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start indexing into an index of this name, and wait until it is ready to begin."""
        command = [sys.executable, "-m", "benchmarks.kill_resume", "--child"]
        command += [str(self.gallery), str(self.folder / name), "--log", str(self.folder / f"{name}.log")]
        command += ["--fake"] if self._arguments.fake else []
        command += ["--jobs", str(self._arguments.jobs)] if self._arguments.jobs else []
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"the indexing process ended with {process.wait()} before it began")
        return process

    def whole(self, name: str) -> tuple[dict[str, Any], float]:
        """Index into an index of this name, to the end; return the report and the seconds it took.

        The networks are loaded by a process of their own, whose memory ends with it; the fake ones need none.
        """
        if self._arguments.fake:
            networks = _networks(True, self.folder / f"{name}.log")
            began = time.monotonic()
            report = _index((self.gallery, self.folder / name), networks, self._arguments.jobs)
            return report, time.monotonic() - began
        process = self.start(name)
        began = time.monotonic()
        output, _ = process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"the indexing process ended with {process.returncode}")
        return json.loads(output), time.monotonic() - began

    def await_moment(self, process: subprocess.Popen[str], name: str, moment: float) -> None:
        """Wait until so much of a run is done, or it ended: seconds, or photos read by the fake network.

        A run of the fake network is so short that a busy machine would put moments in seconds anywhere.
        """
        if not self._arguments.fake:
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            return
        log = self.folder / f"{name}.log"
        while process.poll() is None and not (log.exists() and len(log.read_text().split()) >= moment):
            time.sleep(0.001)
        time.sleep(FAKE_SECONDS * (moment % 1))

    def log(self, name: str) -> list[str]:
        """Return the digests of what was read, in order, and begin a new list."""
        path = self.folder / f"{name}.log"
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


def killed_once(
    trial: Trial, name: str, moment: float, pixels: dict[str, list[str]], expected: Content
) -> dict[str, Any]:
    """Kill a run after some seconds, resume it, and return what was found."""
    process = trial.start(name)
    trial.await_moment(process, name, moment)
    process.kill()  # of a process that ended this does nothing
    killed = process.wait() != 0
    read = len(trial.log(name))
    committed = content_of(trial.folder / name)
    report, _ = trial.whole(name)
    again = trial.log(name)
    read_twice = sorted({path for digest in again for path in pixels[digest] if path in committed})
    final = content_of(trial.folder / name)
    return {
        "moment": round(moment, 3),
        "killed": killed,
        "read_before": read,
        "committed_before": len(committed),
        "read_after": len(again),
        "unchanged_after": report["unchanged"],
        "committed_read_twice": read_twice,
        "same_content": final == expected,
        "committed_lost": sorted(path for path in committed if final.get(path) != committed[path]),
        "vectors_missing": vectors_missing(trial.folder / name),
    }


def main() -> int:
    """Run everything and write the record; return 1 if anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, help="where to write the JSON; printed if not given")
    parser.add_argument("--photos", type=int, default=27)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int)
    parser.add_argument(
        "--fake", action="store_true", help="a model that only pretends to read, for trying this program"
    )
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child, arguments.log, arguments.fake, arguments.jobs)
        return 0
    random = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        trial = Trial(Path(temporary).resolve(), arguments)
        photos = draw(trial.gallery, arguments.photos, arguments.seed, arguments.fake)
        undisturbed, seconds = trial.whole("undisturbed")
        expected = content_of(trial.folder / "undisturbed")
        pixels: dict[str, list[str]] = {}
        for path in photos:
            pixels.setdefault(_digest(read_image(path)), []).append(str(path))
        runs: list[dict[str, Any]] = []
        # A run that was faster than its killer is no trial.
        while sum(run["killed"] for run in runs) < arguments.kills:
            name = f"run{len(runs)}"
            moment = float(random.uniform(0, arguments.photos - 1 if arguments.fake else seconds))
            runs.append(killed_once(trial, name, moment, pixels, expected))
            print(json.dumps(runs[-1]), file=sys.stderr)
            shutil.rmtree(trial.folder / name)
    bad = [
        run
        for run in runs
        if run["committed_read_twice"] or run["committed_lost"] or run["vectors_missing"] or not run["same_content"]
    ]
    result = {
        "benchmark": "kill_resume",
        "fake_model": arguments.fake,
        "photos": arguments.photos,
        "seed": arguments.seed,
        "batch_size": BATCH,
        "checkpoint_every": CHECKPOINT,
        "described": sum(len(held) > 1 and held[-1] is not None for held in expected.values()),
        "undisturbed": {**undisturbed, "failures": len(undisturbed["failures"]), "wall_seconds": round(seconds, 3)},
        "killed": sum(run["killed"] for run in runs),
        "bad_runs": len(bad),
        "runs": runs,
    }
    write(result, arguments.output)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
