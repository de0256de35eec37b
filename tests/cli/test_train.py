from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from textsearch.errors import TextSearchError
from textsearch.training import train as training
from textsearch.training.loop import BranchRecipe
from textsearch.training.train import Annotations, TrainingData

REQUIRED = ("train", "run", "--words", "a.jsonl", "--held-back", "b.jsonl", "--lexicon", "words", "--fonts", "fonts")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the training function was called with."""
    calls: list[Any] = []

    def train(run: Path, data: TrainingData, recipe: BranchRecipe, progress: Callable[[str], None]) -> Path:
        progress("step 100 loss 0.5")
        calls.extend((run, data, recipe))
        return run / "weights"

    monkeypatch.setattr(training, "train", train)
    return calls


def test_defaults(run: Run, asked: list[Any]) -> None:
    outcome = run(*REQUIRED)
    expected = TrainingData(
        (Annotations(Path("a.jsonl"), None),), Annotations(Path("b.jsonl"), None), Path("words"), Path("fonts")
    )
    assert asked == [Path("run"), expected, BranchRecipe()]
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"step 100 loss 0.5\nexported to {Path('run') / 'weights'}\n"


def test_everything_said(run: Run, asked: list[Any]) -> None:
    extra = ("--words", "c/d.jsonl:train", "--backgrounds", "walls", "--drawn", "12", "--steps", "3", "--seed", "4")
    assert run(*REQUIRED, *extra).code == 0
    _, data, recipe = asked
    assert data.annotations == (Annotations(Path("a.jsonl"), None), Annotations(Path("c/d.jsonl"), "train"))
    assert (data.backgrounds, data.drawn, data.seed) == (Path("walls"), 12, 4)
    assert recipe == BranchRecipe(steps=3, seed=4)


@pytest.mark.parametrize(
    ("argument", "file", "split"),
    [
        ("street/words.jsonl:dev", "street/words.jsonl", "dev"),
        ("street/words.jsonl:", "street/words.jsonl", None),
        ("at 12:30/words.jsonl", "at 12:30/words.jsonl", None),
        ("at 12:30/words.jsonl:dev", "at 12:30/words.jsonl", "dev"),
        (r"C:\street\words.jsonl", r"C:\street\words.jsonl", None),
        (r"C:\street\words.jsonl:dev", r"C:\street\words.jsonl", "dev"),
    ],
)
def test_a_split_stands_after_the_last_colon(
    run: Run, asked: list[Any], argument: str, file: str, split: str | None
) -> None:
    assert run(*REQUIRED, "--words", argument).code == 0
    assert asked[1].annotations[1] == Annotations(Path(file), split)


@pytest.mark.parametrize("missing", ["--words", "--held-back", "--lexicon", "--fonts"])
def test_what_is_needed(run: Run, asked: list[Any], missing: str) -> None:
    place = REQUIRED.index(missing)
    outcome = run(*REQUIRED[:place], *REQUIRED[place + 2 :])
    assert outcome.code == 2
    assert missing in outcome.err
    assert asked == []


@pytest.mark.parametrize("option", ["--steps", "--drawn"])
def test_numbers_start_at_one(run: Run, asked: list[Any], option: str) -> None:
    assert run(*REQUIRED, option, "0").code == 2
    assert asked == []


def test_a_mistake_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*arguments: object) -> Path:
        raise TextSearchError("run was begun with other arguments.")

    monkeypatch.setattr(training, "train", train)
    outcome = run(*REQUIRED)
    assert (outcome.code, outcome.err) == (2, "textsearch: run was begun with other arguments.\n")


@pytest.mark.parametrize("package", ["rapidfuzz", "onnx"])
def test_without_the_extra_it_says_what_to_install(package: str) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; from textsearch.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *REQUIRED], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        f'textsearch: Training needs {package}, which is not installed; run: pip install "scene-textsearch[train]"\n'
    )
