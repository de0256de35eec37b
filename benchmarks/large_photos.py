"""Peak memory of indexing 24-megapixel photos with the program as it is installed.

python -m benchmarks.large_photos --output results.json
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.record import write
from textsearch.demo import draw_gallery

WIDTH, HEIGHT = 6000, 4000


def draw_large_photos(folder: Path, count: int) -> None:
    """Enlarge the demo's scenes to 24 megapixels, with grain so that the files are as large as a camera's."""
    generator = np.random.default_rng(0)
    scenes = draw_gallery(folder / "scenes")
    for number in range(count):
        with Image.open(scenes[number % len(scenes)].path) as scene:
            pixels = np.asarray(scene.resize((WIDTH, HEIGHT)), np.int16)
        pixels = pixels + generator.integers(-12, 13, pixels.shape, np.int16)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number}.jpg", quality=92)


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--output", type=Path, help="JSON file to write; default: standard output")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "gallery"
        gallery.mkdir()
        draw_large_photos(gallery, arguments.photos)
        program = Path(sys.executable).with_name("textsearch")
        place = str(Path(folder) / "index")
        command = [str(program), "index", str(gallery), "--no-recursive", "--index", place, "--quiet", "--strict"]
        began = time.perf_counter()
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - began
    # Linux counts in kilobytes; the program is this process's only child.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    write(
        {
            "benchmark": "large_photos",
            "photos": arguments.photos,
            "megapixels": WIDTH * HEIGHT / 1e6,
            "peak_megabytes": peak,
            "images_per_second": arguments.photos / seconds,
        },
        arguments.output,
    )


if __name__ == "__main__":
    main()
