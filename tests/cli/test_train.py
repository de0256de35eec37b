from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.children import PATIENCE
from tests.cli.conftest import Outcome, Run
from textsearch.errors import TextSearchError
from textsearch.models.tdsl import TdslConfig
from textsearch.training import branches_run, classifier_run, joint_run, material, scene_files, tdsl_run
from textsearch.training.branches import BranchRecipe
from textsearch.training.branches_run import BranchTrainingData
from textsearch.training.datasets.annotations import FORMS, Annotations
from textsearch.training.joint import JointRecipe
from textsearch.training.joint_run import JointTrainingData
from textsearch.training.pretraining import run as pretraining
from textsearch.training.pretraining.pretrain import TRAINED_TRUNK
from textsearch.training.pretraining.run import PretrainingData
from textsearch.training.tdsl import TdslRecipe
from textsearch.training.tdsl_run import TdslTrainingData

DRAWN = ("--lexicon", "words", "--fonts", "fonts")
REQUIRED = ("train", "branches", "run", "--words", "a.jsonl", "--held-back", "b.jsonl", *DRAWN)
COMMANDS = ("branches", "joint", "tdsl", "pretrain", "scenes", "classifier")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the training function was called with."""
    calls: list[Any] = []

    def train(run: Path, data: Any, recipe: Any, progress: Callable[[str], None], *processes: int) -> Path:
        progress("step 100 loss 0.5")
        calls.extend((run, data, recipe, *processes))
        return run / "weights"

    for module, name in (
        (branches_run, "train_branches"),
        (joint_run, "train_joint"),
        (tdsl_run, "train_tdsl"),
        (pretraining, "pretrain"),
    ):
        monkeypatch.setattr(module, name, train)

    def drawn_scenes(*arguments: Any) -> Any:
        return arguments

    def write_scenes(scenes: Any, folder: Path, count: int, seed: int, progress: Callable[[str], None]) -> Path:
        progress("1 of 1 scenes")
        calls.extend((folder, scenes, count, seed))
        return folder / "words.jsonl"

    monkeypatch.setattr(material, "drawn_scenes", drawn_scenes)
    monkeypatch.setattr(scene_files, "write_scenes", write_scenes)

    def train_classifier(run: Path, data: Any, recipe: Any, listener: Callable[[str, int, int], None]) -> Path:
        return train(run, data, recipe, lambda line: listener(line, 1, 1))

    monkeypatch.setattr(classifier_run, "train_classifier", train_classifier)
    return calls


# --- branches


def test_defaults(run: Run, asked: list[Any]) -> None:
    outcome = run(*REQUIRED)
    expected = BranchTrainingData(
        (Annotations(Path("a.jsonl"), None),), Annotations(Path("b.jsonl"), None), Path("words"), Path("fonts")
    )
    assert asked == [Path("run"), expected, BranchRecipe()]
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"step 100 loss 0.5\nexported to {Path('run') / 'weights'}\n"


def test_everything_said(run: Run, asked: list[Any]) -> None:
    extra = ("--words", "c/d.jsonl:train", "--backgrounds", "walls", "--drawn", "12", "--steps", "3", "--seed", "4")
    assert run(*REQUIRED, *extra, "--batch", "5", "--start", "first/weights").code == 0
    _, data, recipe = asked
    assert data.annotations == (Annotations(Path("a.jsonl"), None), Annotations(Path("c/d.jsonl"), "train"))
    assert (data.backgrounds, data.drawn, data.seed, data.start) == (Path("walls"), 12, 4, Path("first/weights"))
    assert recipe == BranchRecipe(steps=3, batch=5, seed=4)


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


@pytest.mark.parametrize("option", ["--steps", "--drawn", "--batch"])
def test_numbers_start_at_one(run: Run, asked: list[Any], option: str) -> None:
    assert run(*REQUIRED, option, "0").code == 2
    assert asked == []


# --- joint and tdsl


@pytest.mark.parametrize(
    ("command", "data", "recipe"), [("joint", JointTrainingData, JointRecipe), ("tdsl", TdslTrainingData, TdslRecipe)]
)
def test_defaults_of_whole_networks(run: Run, asked: list[Any], command: str, data: Any, recipe: Any) -> None:
    outcome = run("train", command, "run", *DRAWN)
    assert asked == [Path("run"), data((), None, Path("words"), Path("fonts")), recipe(), 0]
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"step 100 loss 0.5\nexported to {Path('run') / 'weights'}\n"


SETS = ("--words", "a.jsonl:train", "--words", "b.jsonl", "--dataset", "svt:street", "--dataset", "icdar2015:is:test")
PHOTOS = ("--held-back", "totaltext:tt:test", "--unlabelled", "photos", "--backgrounds", "walls", "--start", "w")
COMMON = (
    *SETS,
    *PHOTOS,
    "--steps",
    "3",
    "--seed",
    "4",
    "--device",
    "cuda",
    "--precision",
    "bfloat16",
    "--processes",
    "12",
)


def common_data(kind: Any) -> Any:
    """What COMMON says about the data."""
    return kind(
        annotations=(
            Annotations(Path("a.jsonl"), "train"),
            Annotations(Path("b.jsonl"), None),
            Annotations(Path("street"), None, "svt"),
            Annotations(Path("is"), "test", "icdar2015"),
        ),
        start=Path("w"),
        lexicon=Path("words"),
        fonts=Path("fonts"),
        backgrounds=Path("walls"),
        unlabelled=Path("photos"),
        held_back=Annotations(Path("tt"), "test", "totaltext"),
    )


def test_everything_said_to_joint(run: Run, asked: list[Any]) -> None:
    assert run("train", "joint", "run", *DRAWN, *COMMON, "--views", "8", "--crops", "96").code == 0
    recipe = JointRecipe(steps=3, views=8, words=96, device="cuda", precision="bfloat16", seed=4)
    assert asked == [Path("run"), common_data(JointTrainingData), recipe, 12]


def test_everything_said_to_tdsl(run: Run, asked: list[Any]) -> None:
    extra = ("--batch", "4", "--width", "128", "--others", "32", "--learning-rate", "0.001", "--as-written")
    schedule = (
        "--warm-up",
        "100",
        "--decay",
        "0.5",
        "--drawn-share",
        "0",
        "--wall-share",
        "0.5",
        "--optimiser",
        "adamw",
    )
    assert run("train", "tdsl", "run", *DRAWN, *COMMON, *extra, *schedule).code == 0
    recipe = TdslRecipe(
        network=TdslConfig(width=128),
        steps=3,
        batch=4,
        others=32,
        altered=False,
        optimiser="adamw",
        learning_rate=0.001,
        warm_up=100,
        decays=(0.5,),
        device="cuda",
        precision="bfloat16",
        seed=4,
    )
    data = replace(common_data(TdslTrainingData), shares=(10 / 13, 1 - 10 / 13, 0.0), walls=0.5)
    assert asked == [Path("run"), data, recipe, 12]


def test_each_optimiser_has_its_own_rate(run: Run, asked: list[Any]) -> None:
    for name, rate in (("sgd", 0.01), ("adamw", 0.0008)):
        assert run("train", "tdsl", "run", *DRAWN, "--optimiser", name).code == 0
        recipe = asked[-2]
        assert (recipe.optimiser, recipe.learning_rate) == (name, rate)


def test_held_back_words_need_no_form(run: Run, asked: list[Any]) -> None:
    assert run("train", "joint", "run", *DRAWN, "--held-back", "a/words.jsonl:dev").code == 0
    assert asked[1].held_back == Annotations(Path("a/words.jsonl"), "dev")


# --- pretrain


def test_defaults_of_pretraining(run: Run, asked: list[Any]) -> None:
    assert run("train", "pretrain", "run", "--photos", "holiday").code == 0
    assert asked == [Path("run"), PretrainingData((Path("holiday"),)), TRAINED_TRUNK, 0]


def test_everything_said_to_pretraining(run: Run, asked: list[Any]) -> None:
    sizes = ("--steps", "3", "--batch", "256", "--queue", "65536", "--momentum", "0.999")
    where = ("--photos", "a", "--photos", "b", "--start", "w", "--seed", "4", "--device", "cuda", "--precision")
    assert run("train", "pretrain", "run", *sizes, *where, "bfloat16", "--processes", "12").code == 0
    recipe = replace(
        TRAINED_TRUNK, steps=3, batch=256, queue=65_536, momentum=0.999, device="cuda", precision="bfloat16", seed=4
    )
    assert asked == [Path("run"), PretrainingData((Path("a"), Path("b")), Path("w")), recipe, 12]


# --- scenes


def test_scenes_are_drawn_into_a_folder(run: Run, asked: list[Any]) -> None:
    outcome = run("train", "scenes", "drawn", *DRAWN)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"1 of 1 scenes\nwrote {Path('drawn') / 'words.jsonl'}\n"
    assert asked == [Path("drawn"), ([], Path("words"), Path("fonts"), None), 3000, 0]


def test_everything_said_of_scenes(run: Run, asked: list[Any]) -> None:
    given = ("--words", "a/words.jsonl:train", "--backgrounds", "walls", "--count", "7", "--seed", "4")
    assert run("train", "scenes", "drawn", *DRAWN, *given).code == 0
    folder, ((photos,), *rest), count, seed = asked
    assert (photos.annotations, photos.split) == (Path("a/words.jsonl"), "train")
    assert (folder, rest, count, seed) == (Path("drawn"), [Path("words"), Path("fonts"), Path("walls")], 7, 4)


# --- help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_way_explains_itself_with_an_example(run: Run, command: str) -> None:
    outcome = run("train", command, "--help")
    assert outcome.code == 0
    assert f"Examples:\n    textsearch train {command} " in outcome.out


def test_the_help_names_every_way_and_every_form(run: Run) -> None:
    shown = run("train", "--help").out
    assert all(f"\n  {command} " in shown for command in COMMANDS)
    for name, form in FORMS.items():
        (line,) = [line.split() for line in shown.splitlines() if line.split()[:1] == [name]]
        assert line[1] == "|".join(form.parts)


def recipes() -> list[list[str]]:
    """The arguments of every command in the recipes."""
    text = Path(str(files("textsearch.training"))).joinpath("RECIPES.md").read_text(encoding="utf-8")
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[2:] for line in lines if line.startswith("$ textsearch train ")]


@pytest.mark.parametrize("arguments", recipes(), ids=lambda arguments: " ".join(arguments[:3]))
def test_every_recipe_is_a_command(run: Run, asked: list[Any], arguments: list[str]) -> None:
    assert run(*arguments).code == 0
    assert asked[0] == Path(arguments[2])


def test_there_is_a_recipe_for_every_way() -> None:
    assert {arguments[1] for arguments in recipes()} == set(COMMANDS)


def test_no_command_shows_the_help(run: Run) -> None:
    outcome = run("train")
    assert "Commands:" in outcome.out + outcome.err


def test_help_starts_without_anything_heavy() -> None:
    program = (
        "import sys\nfrom textsearch.cli.main import main\n"
        "try:\n    main()\nfinally:\n    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "train", "joint", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "--held-back" in done.stdout
    assert {"torch", "numpy", "cv2", "onnxruntime", "PIL", "onnx"}.isdisjoint(done.stderr.split())


# --- mistakes


def one_sentence(outcome: Outcome, *, says: str) -> bool:
    """Return whether a mistake ended the program with one line that says something."""
    return outcome.code == 2 and says in outcome.err and outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--dataset", "kitti:street"), "textsearch: kitti:street names no data set; give FORM:DIR"),
        (("--dataset", "street/words.jsonl"), "names no data set"),
        (("--dataset", "svt:street:dev"), "textsearch: svt has no part 'dev'; it has train and test."),
        (("--held-back", "svt:street:dev"), "svt has no part 'dev'"),
    ],
)
@pytest.mark.parametrize("command", ["joint", "tdsl"])
def test_a_wrong_data_set_is_one_sentence(
    run: Run, asked: list[Any], command: str, arguments: tuple[str, ...], says: str
) -> None:
    assert one_sentence(run("train", command, "run", *DRAWN, *arguments), says=says)
    assert asked == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("joint", "run", *DRAWN, "--precision", "float16"), "bfloat16"),
        (("joint", "run", *DRAWN, "--views", "0"), "--views"),
        (("tdsl", "run", *DRAWN, "--width", "100"), "--width must be a multiple of 32, not 100"),
        (("tdsl", "run", *DRAWN, "--batch", "0"), "--batch"),
        (("tdsl", "run", "--fonts", "fonts"), "--lexicon"),
        (("branches", "run", "--held-back", "a", *DRAWN), "--words"),
        (("pretrain", "run"), "--photos"),
        (("pretrain", "run", "--photos", "a", "--batch", "5"), "--batch must be an even number, not 5"),
        (("run", *DRAWN), "No such command 'run'"),
    ],
)
def test_wrong_options_are_told(run: Run, asked: list[Any], arguments: tuple[str, ...], says: str) -> None:
    outcome = run("train", *arguments)
    assert outcome.code == 2
    assert says in outcome.err
    assert asked == []


def test_a_device_that_is_not_there_is_one_sentence(run: Run, tmp_path: Path) -> None:
    outcome = run("train", "joint", tmp_path / "run", *DRAWN, "--device", "tpu")
    assert one_sentence(outcome, says="textsearch: torch cannot compute on 'tpu'")
    assert not (tmp_path / "run").exists()


def test_a_mistake_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*arguments: object) -> Path:
        raise TextSearchError("run was begun with other arguments.")

    monkeypatch.setattr(branches_run, "train_branches", train)
    outcome = run(*REQUIRED)
    assert (outcome.code, outcome.err) == (2, "textsearch: run was begun with other arguments.\n")


@pytest.mark.parametrize("package", ["rapidfuzz", "onnx"])
def test_without_the_extra_it_says_what_to_install(package: str) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; from textsearch.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *REQUIRED], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 2
    assert done.stderr == (
        f'textsearch: Training needs {package}, which is not installed; run: pip install "scene-textsearch[train]"\n'
    )
