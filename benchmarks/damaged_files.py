"""Index more than 200 damaged files among good ones: nothing crashes, and each is indexed or listed with a reason.

    python -m benchmarks.damaged_files --output benchmarks/results/damaged_files.json

The indexing is done by a process of its own, so that a crash of any kind is seen. Where this is started by root, for
whom no file is without permission, that process becomes the user "nobody" before it begins.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.record import ROOT, write
from textsearch.demo import draw_gallery
from textsearch.index.folder import IndexFolder, ModelIdentity
from textsearch.indexer.pipeline import IndexOptions, build
from textsearch.types import ByteArray, IndexReport, Regions, TextModel

NOBODY = 65534
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif", "GIF": ".gif"}
BOMB_SIDE = 30_000

INDEXED, LISTED, EITHER = "indexed", "listed", "indexed or listed"


def png_bomb(side: int) -> bytes:
    """Return a complete black 1-bit PNG of side x side pixels, without ever holding its pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">LLBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        struct.pack(">L", len(part)) + name + part + struct.pack(">L", zlib.crc32(name + part)) for name, part in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def flipped(data: bytes, random: np.random.Generator, count: int, *, within: int | None = None) -> bytes:
    """Return the data with `count` random bits flipped, in the whole or in its first bytes."""
    changed = bytearray(data)
    for place in random.integers(0, min(len(data), within or len(data)), count):
        changed[int(place)] ^= 1 << int(random.integers(8))
    return bytes(changed)


def make_gallery(folder: Path, seed: int) -> dict[str, str]:
    """Draw good and damaged files; return what may become of each path, relative to the folder."""
    random = np.random.default_rng(seed)
    scenes = [Image.open(scene.path).convert("RGB") for scene in draw_gallery(folder / "good", seed)]
    expected = {f"good/{path.name}": INDEXED for path in sorted((folder / "good").iterdir())}

    def put(name: str, data: bytes, outcome: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        expected[name] = outcome

    suffixes = list(FORMATS.values())
    for number, (kind, suffix) in enumerate(FORMATS.items()):
        stream = io.BytesIO()
        scenes[number].resize((320, 240)).save(stream, kind)
        whole = stream.getvalue()
        put(f"good/as_{kind.lower()}{suffix}", whole, INDEXED)
        stream = io.BytesIO()
        scenes[-number - 1].save(stream, kind)
        put(f"good/large_{kind.lower()}{suffix}", stream.getvalue(), INDEXED)
        for percent in (1, 2, 4, 8, 15, 25, 35, 45, 55, 65, 75, 85, 92, 96, 98, 99):
            put(f"truncated/{percent}{suffix}", whole[: len(whole) * percent // 100], EITHER)
        for flips in (1, 2, 4, 16, 64, 256):
            put(f"flipped/{flips}{suffix}", flipped(whole, random, flips), EITHER)
            put(f"flipped_header/{flips}{suffix}", flipped(whole, random, flips, within=64), EITHER)
        middle = len(whole) // 2
        put(f"zeroed/middle{suffix}", whole[:middle] + bytes(200) + whole[middle + 200 :], EITHER)
        put(f"zeroed/start{suffix}", bytes(64) + whole[64:], EITHER)
        put(f"wrong_extension/{kind.lower()}{suffixes[number - 1]}", flipped(whole, random, 0), INDEXED)
        put(f"wrong_extension/text{suffix}", f"This is no {kind}.\n".encode() * 20, LISTED)
        put(f"empty/empty{suffix}", b"", LISTED)
        put(f"noise/noise{suffix}", random.bytes(5000), LISTED)
    put(f"bomb/{BOMB_SIDE}.png", png_bomb(BOMB_SIDE), LISTED)
    put(f"bomb/{BOMB_SIDE}_cut.png", png_bomb(BOMB_SIDE)[:4000], LISTED)
    expected.update(_strange_entries(folder))
    return expected


def _strange_entries(folder: Path) -> dict[str, str]:
    """Add what is no regular, readable file; return what may become of it."""
    strange = folder / "strange"
    (strange / "x.jpg").mkdir(parents=True)
    (strange / "dangling.jpg").symlink_to(strange / "gone.jpg")
    (strange / "circle.jpg").symlink_to(strange / "circle.jpg")
    os.mkfifo(strange / "pipe.jpg")
    good = next((folder / "good").glob("*.png")).read_bytes()
    (strange / "no_permission.png").write_bytes(good)
    (strange / "no_permission.png").chmod(0)
    (strange / "locked").mkdir()
    (strange / "locked" / "inside.png").write_bytes(good)
    (strange / "locked").chmod(0)
    names = ("x.jpg", "dangling.jpg", "circle.jpg", "pipe.jpg", "no_permission.png", "locked")
    return {f"strange/{name}": LISTED for name in names}


class _BlindModel:
    """Finds no text anywhere; for trying this program without the network."""

    name, fingerprint, dimension = "blind", "b" * 64, 8

    def __init__(self) -> None:
        from tests.fakes import ALPHABET

        self.alphabet = ALPHABET

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        nothing = np.zeros(0, np.float32)
        none = np.zeros((0, self.dimension), np.float32)
        return [
            Regions(image.shape[1], image.shape[0], (), nothing, (), nothing, np.zeros(0, np.int32), none, ())
            for image in images
        ]

    def encode_words(self, words: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.zeros((len(words), self.dimension), np.float32)


class _Counting:
    """Passes everything on to a model and counts the photos."""

    def __init__(self, model: TextModel) -> None:
        self.name, self.fingerprint, self.dimension = model.name, model.fingerprint, model.dimension
        self.alphabet = model.alphabet
        self.encode_words = model.encode_words
        self.photos = 0
        self._model = model

    def encode_images(self, images: Sequence[ByteArray]) -> list[Regions]:
        self.photos += len(images)
        return self._model.encode_images(images)


def _model(fake: bool) -> TextModel:
    if fake:
        return _BlindModel()
    from textsearch.runtime.model import load_model

    return load_model()


def _index(gallery: Path, location: Path, model: TextModel, options: IndexOptions) -> IndexReport:
    identity = ModelIdentity(model.name, model.fingerprint, model.dimension)
    with IndexFolder.create_or_open(location, identity) as index:
        return build(index, model, [gallery], options)


def _become_nobody(model: TextModel) -> str:
    """Give up root's rights if this is root; return as whom the indexing is done."""
    if os.geteuid() != 0:
        return f"user {os.geteuid()}"
    # Whatever is loaded late must be loaded now: nobody may not be allowed to read where Python is installed.
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(np.full((64, 64, 3), 200, np.uint8)).save(Path(folder) / "a.png")
        (Path(folder) / "b.png").write_bytes(b"damaged")
        _index(Path(folder), Path(folder) / "index", model, IndexOptions())
        draw_gallery(Path(folder) / "drawn")
        _index(Path(folder) / "drawn", Path(folder) / "index", model, IndexOptions())
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    except OSError as error:
        return f"root, because it cannot become another user here ({error.strerror}): permissions are not tested"
    return "nobody, after root gave up its rights"


def _child(gallery: Path, location: Path, fake: bool, jobs: int | None) -> None:
    """Index twice and print what happened as JSON."""
    model = _Counting(_model(fake))
    user = _become_nobody(model)
    model.photos = 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first = _index(gallery, location, model, IndexOptions(jobs=jobs))
        read = model.photos
        second = _index(gallery, location, model, IndexOptions(jobs=jobs))
    with IndexFolder.open(location) as index:
        indexed = [path for image in index.images().values() for path in image.paths]
        listed = {str(failure.path.relative_to(gallery)): failure.reason for failure in index.failures()}
    result = {
        "user": user,
        "first_run": {**first.to_dict(), "failures": len(first.failures)},
        "second_run": {**second.to_dict(), "failures": [failure.path.name for failure in second.failures]},
        "photos_encoded": [read, model.photos - read],
        "indexed": sorted(str(path.relative_to(gallery)) for path in indexed),
        "listed": listed,
        "warnings": dict(Counter(str(warning.message)[:80] for warning in caught)),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result))


def judge(expected: dict[str, str], indexed: set[str], listed: dict[str, str]) -> list[str]:
    """Return what went wrong, one sentence a file."""
    wrong = []
    for name, outcome in expected.items():
        found = [kind for kind, there in ((INDEXED, name in indexed), (LISTED, name in listed)) if there]
        if len(found) != 1 or (outcome != EITHER and found != [outcome]):
            wrong.append(f"{name}: expected {outcome}, found {' and '.join(found) or 'neither'}")
    wrong += [f"{name}: listed without a reason" for name, reason in listed.items() if not reason.strip()]
    wrong += [f"{name}: nobody made this file" for name in sorted((indexed | set(listed)) - set(expected))]
    return wrong


def main() -> int:
    """Make the files, index them, judge, and write the record; return 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--output", type=Path, help="where to write the JSON; printed if not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--fake", action="store_true", help="a model that finds no text, for trying this program")
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        gallery, location = arguments.child
        _child(gallery, location, arguments.fake, arguments.jobs)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        expected = make_gallery(folder / "gallery", arguments.seed)
        folder.chmod(0o755)
        (folder / "index").mkdir()
        (folder / "index").chmod(0o777)
        command = [sys.executable, "-m", "benchmarks.damaged_files", "--child"]
        command += [str(folder / "gallery"), str(folder / "index" / "here"), *(["--fake"] if arguments.fake else [])]
        command += ["--jobs", str(arguments.jobs)] if arguments.jobs else []
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        (folder / "gallery" / "strange" / "locked").chmod(0o755)
    result = _verdict(expected, run)
    write(
        {"benchmark": "damaged_files", "seed": arguments.seed, "fake_model": arguments.fake, **result}, arguments.output
    )
    print(f"{result['damaged_files']} damaged files, {len(result['wrong'])} wrong", file=sys.stderr)
    return 1 if result["wrong"] else 0


def _verdict(expected: dict[str, str], run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the record of a run."""
    good = sum(name.startswith("good/") for name in expected)
    result: dict[str, Any] = {"good_files": good, "damaged_files": len(expected) - good}
    if run.returncode != 0:
        return {**result, "wrong": [f"the indexing process ended with {run.returncode}: {run.stderr[-3000:]}"]}
    child = json.loads(run.stdout.splitlines()[-1])
    if child["user"].startswith("root"):  # root reads what nobody may read
        expected = {**expected, **dict.fromkeys(("strange/no_permission.png", "strange/locked/inside.png"), INDEXED)}
        del expected["strange/locked"]
    wrong = judge(expected, set(child["indexed"]), child["listed"])
    if child["photos_encoded"][1]:
        wrong.append(f"the second run encoded {child['photos_encoded'][1]} photos again")
    groups = Counter(
        name.split("/")[0] + (": indexed" if name in child["indexed"] else ": listed") for name in expected
    )
    reasons = Counter(child["listed"].values())
    kept = ("user", "first_run", "second_run", "photos_encoded", "warnings", "peak_memory_mb")
    return {
        **result,
        "wrong": wrong,
        "outcomes": dict(sorted(groups.items())),
        "reasons": dict(reasons.most_common()),
        **{key: child[key] for key in kept},
        "standard_error": run.stderr[-2000:],
    }


if __name__ == "__main__":
    sys.exit(main())
