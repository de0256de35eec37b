"""`textsearch train`: train a network on one's own photos; one command for each way to do it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from textsearch.cli.context import examples
from textsearch.cli.output import note
from textsearch.cli.train_options import (
    BackgroundsOption,
    DataSetOption,
    DeviceOption,
    FontsOption,
    HeldBackOption,
    LexiconOption,
    Optimiser,
    PhotosOption,
    Precision,
    PrecisionOption,
    ProcessesOption,
    RequiredHeldBackOption,
    RunArgument,
    SeedOption,
    UnlabelledOption,
    WordsOption,
    annotated_sets,
    held_back_annotations,
    training_packages,
)

_AGAIN = "Needs the extra [train]. A stopped run goes on where it stopped when the same command is given again."
_DRAWN_WITH = "--lexicon /usr/share/dict/words --fonts /usr/share/fonts"

_TDSL_RATES = {Optimiser.sgd: 0.01, Optimiser.adamw: 0.0008}
"""Learning rates of `tdsl`: the paper's; and one at which two cores learnt well."""

HELP = """Train a network on photos with words, drawn scenes and photos without annotation.

\b
branches  only the similarity, over a detector and a recogniser that stay as they are
joint     detector, recogniser and similarity together
tdsl      the network of the TDSL paper, its backbone from ImageNet weights on
pretrain  the recogniser's trunk, on photos without annotation; then go on with branches
scenes    draws scenes into a folder, to look at or to train on

\b
--words   FILE[:SPLIT]     words.jsonl: one photo a line, {"image": "a.jpg", "split": "train",
                           "words": [{"poly": [[x, y], ...], "text": "OPEN", "ignore": false}]}
--dataset FORM:DIR[:PART]  a published set; parts, the first unless named, and what lies in DIR:
  icdar2013  train|test        Challenge2_Training_Task12_Images, Challenge2_Training_Task1_GT
  icdar2015  train|test        ch4_training_images, ch4_training_localization_transcription_gt
  iiit5k     train|test        train, traindata.mat or trainCharBound.mat
  svt        train|test        train.xml, img
  coco-text  train|val         cocotext.v2.json, train2014
  totaltext  train|test        Images/Train, Groundtruth/Polygon/Train or txt_format/Train
  mlt        train|validation  ch8_training_images, ch8_training_localization_transcription_gt_v2;
                               or the folders of 2019 with train_gt_t13
  synthtext  train             images, annotations (SynthText with 90,000 words)
  words      any               words.jsonl

The folder of a run holds log.jsonl and curves.png, drawn anew at every checkpoint.
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=HELP,
    epilog=examples(
        f"textsearch train branches runs/first --words street/words.jsonl:train --held-back street/words.jsonl:dev "
        f"{_DRAWN_WITH}",
        "textsearch train joint --help",
        then=f"{_AGAIN} Recipes for a CPU and for one GPU: textsearch/training/RECIPES.md",
    ),
)


@app.command(
    epilog=examples(
        f"textsearch train branches runs/first --words street/words.jsonl:train --held-back street/words.jsonl:dev "
        f"{_DRAWN_WITH}",
        then=_AGAIN,
    )
)
def branches(
    run: RunArgument,
    held_back: RequiredHeldBackOption,
    lexicon: LexiconOption,
    fonts: FontsOption,
    words: WordsOption = None,
    datasets: DataSetOption = None,
    backgrounds: BackgroundsOption = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="DIR",
            help="Weights of a joint run; without it, PP-OCRv6 as published.",
            show_default=False,
        ),
    ] = None,
    drawn: Annotated[int, typer.Option("--drawn", min=1, help="Number of drawn words.")] = 60_000,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 4_000,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Crops per step.")] = 192,
    seed: SeedOption = 0,
) -> None:
    """Train the image and word branches over the frozen trunk, then export them as the package wants them."""
    with training_packages():
        from textsearch.training.branches import BranchRecipe
        from textsearch.training.branches_run import BranchTrainingData, train_branches

    if not words and not datasets:
        raise typer.BadParameter("name annotated words with --words or --dataset")
    data = BranchTrainingData(
        annotations=annotated_sets(words, datasets),
        held_back=held_back_annotations(held_back),
        lexicon=lexicon,
        fonts=fonts,
        backgrounds=backgrounds,
        drawn=drawn,
        seed=seed,
        start=start,
    )
    note(f"exported to {train_branches(run, data, BranchRecipe(steps=steps, batch=batch, seed=seed), note)}")


@app.command(
    epilog=examples(
        f"textsearch train joint runs/second --dataset icdar2015:./icdar2015 {_DRAWN_WITH} --start runs/first/weights",
        then=_AGAIN,
    )
)
def joint(
    run: RunArgument,
    lexicon: LexiconOption,
    fonts: FontsOption,
    words: WordsOption = None,
    datasets: DataSetOption = None,
    unlabelled: UnlabelledOption = None,
    held_back: HeldBackOption = None,
    backgrounds: BackgroundsOption = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="DIR",
            help="Weights to begin with, as of `train branches`; without it, PP-OCRv6 and untrained branches.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 4_000,
    views: Annotated[int, typer.Option("--views", min=1, help="Views of photos per step.")] = 2,
    crops: Annotated[
        int, typer.Option("--crops", min=0, help="Words read per step, at most; 0: only the detector learns.")
    ] = 36,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    precision: PrecisionOption = Precision.float32,
    processes: ProcessesOption = 0,
) -> None:
    """Train detector, trunk and branches together, then export them as the package wants them."""
    with training_packages():
        from textsearch.training.joint import JointRecipe
        from textsearch.training.joint_run import JointTrainingData, train_joint

    data = JointTrainingData(
        annotations=annotated_sets(words, datasets),
        start=start,
        lexicon=lexicon,
        fonts=fonts,
        backgrounds=backgrounds,
        unlabelled=unlabelled,
        held_back=held_back_annotations(held_back) if held_back else None,
    )
    recipe = JointRecipe(steps=steps, views=views, words=crops, device=device, precision=precision.value, seed=seed)
    note(f"exported to {train_joint(run, data, recipe, note, processes)}")


@app.command(
    epilog=examples(
        f"textsearch train tdsl runs/paper --dataset mlt:./mlt2017 {_DRAWN_WITH} --device cuda --precision bfloat16",
        then=_AGAIN,
    )
)
def tdsl(
    run: RunArgument,
    lexicon: LexiconOption,
    fonts: FontsOption,
    words: WordsOption = None,
    datasets: DataSetOption = None,
    unlabelled: UnlabelledOption = None,
    held_back: HeldBackOption = None,
    backgrounds: BackgroundsOption = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="DIR",
            help="Weights of a tdsl run; without it, EfficientNet-Lite0 from ImageNet.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 90_000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Photos per step.")] = 16,
    width: Annotated[
        int, typer.Option("--width", min=32, help="Channels of the network; a multiple of 32, the paper's is 256.")
    ] = 256,
    others: Annotated[int, typer.Option("--others", min=0, help="Words of the lexicon per step as negatives.")] = 0,
    optimiser: Annotated[
        Optimiser, typer.Option("--optimiser", help="The paper's is sgd; adamw learns to spell in fewer steps.")
    ] = Optimiser.sgd,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate", help="Of the weights. [default: 0.01, and 0.0008 for adamw]", show_default=False
        ),
    ] = None,
    warm_up: Annotated[int, typer.Option("--warm-up", min=0, help="Steps until that rate.")] = 500,
    decays: Annotated[
        list[float] | None,
        typer.Option(
            "--decay",
            min=0.0,
            max=1.0,
            help="Part of the steps after which the rate falls to a tenth; may be repeated. [default: 1/3 and 2/3]",
            show_default=False,
        ),
    ] = None,
    altered: Annotated[
        bool, typer.Option("--altered/--as-written", help="Compare with altered copies of the words as well.")
    ] = True,
    drawn_share: Annotated[
        float | None,
        typer.Option(
            "--drawn-share",
            min=0.0,
            max=1.0,
            help="Part of the photos that are drawn scenes. [default: 0.35]",
            show_default=False,
        ),
    ] = None,
    wall_share: Annotated[
        float,
        typer.Option(
            "--wall-share",
            min=0.0,
            max=1.0,
            help="Part of the squares that are filled with words cut out of photos and scenes: many words a step, "
            "which few photos are short of.",
        ),
    ] = 0.0,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    precision: PrecisionOption = Precision.float32,
    processes: ProcessesOption = 0,
) -> None:
    """Train the paper's network on whole photos, then export it as float16."""
    with training_packages():
        from textsearch.models.tdsl import TdslConfig
        from textsearch.training.material import shares
        from textsearch.training.tdsl import TdslRecipe
        from textsearch.training.tdsl_run import TdslTrainingData, train_tdsl

    if width % TdslConfig.groups:
        raise typer.BadParameter(f"--width must be a multiple of {TdslConfig.groups}, not {width}")
    data = TdslTrainingData(
        annotations=annotated_sets(words, datasets),
        start=start,
        lexicon=lexicon,
        fonts=fonts,
        backgrounds=backgrounds,
        unlabelled=unlabelled,
        held_back=held_back_annotations(held_back) if held_back else None,
        shares=TdslTrainingData.shares if drawn_share is None else shares(drawn_share),
        walls=wall_share,
    )
    recipe = TdslRecipe(
        network=TdslConfig(width=width),
        steps=steps,
        batch=batch,
        others=others,
        altered=altered,
        optimiser=optimiser.value,
        learning_rate=_TDSL_RATES[optimiser] if learning_rate is None else learning_rate,
        warm_up=warm_up,
        decays=tuple(decays or TdslRecipe.decays),
        device=device,
        precision=precision.value,
        seed=seed,
    )
    note(f"exported to {train_tdsl(run, data, recipe, note, processes)}")


@app.command(
    epilog=examples(
        f"textsearch train scenes drawn {_DRAWN_WITH} --backgrounds photos",
        f"textsearch train tdsl runs/small --words drawn/words.jsonl --drawn-share 0 {_DRAWN_WITH}",
        then="Needs the extra [train].",
    )
)
def scenes(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Receives the scenes and words.jsonl.")],
    lexicon: LexiconOption,
    fonts: FontsOption,
    words: WordsOption = None,
    datasets: DataSetOption = None,
    backgrounds: BackgroundsOption = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many scenes.")] = 3000,
    seed: SeedOption = 0,
) -> None:
    """Draw scenes into a folder, where drawing in training would take longer than the network.

    Training draws scenes anyway. These are decoded in a twentieth of the time, but they are always the same.
    """
    with training_packages():
        from textsearch.training.material import drawn_scenes
        from textsearch.training.scene_files import write_scenes

    sets = [chosen.photos() for chosen in annotated_sets(words, datasets)]
    note(f"wrote {write_scenes(drawn_scenes(sets, lexicon, fonts, backgrounds), folder, count, seed, note)}")


@app.command(epilog=examples("textsearch train pretrain runs/pretrained --photos holiday --photos street", then=_AGAIN))
def pretrain(
    run: RunArgument,
    photos: PhotosOption,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="DIR",
            help="Weights of a joint run; without it, PP-OCRv6 as published.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 300,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Strips of text per step, an even number.")] = 32,
    queue: Annotated[
        int, typer.Option("--queue", min=1, help="Vectors of earlier strips that each one is told from.")
    ] = 2_048,
    momentum: Annotated[
        float, typer.Option("--momentum", min=0.0, max=1.0, help="How slowly the encoder of those vectors follows.")
    ] = 0.99,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    precision: PrecisionOption = Precision.float32,
    processes: ProcessesOption = 0,
) -> None:
    """Train the recogniser's trunk on text that nobody annotated, then export the network with it."""
    with training_packages():
        from textsearch.training.pretraining import run as pretraining
        from textsearch.training.pretraining.pretrain import TRAINED_TRUNK

    if batch % 2:
        raise typer.BadParameter(f"--batch must be an even number, not {batch}")
    recipe = replace(
        TRAINED_TRUNK,
        steps=steps,
        batch=batch,
        queue=queue,
        momentum=momentum,
        device=device,
        precision=precision.value,
        seed=seed,
    )
    data = pretraining.PretrainingData(tuple(photos), start)
    note(f"exported to {pretraining.pretrain(run, data, recipe, note, processes)}")
