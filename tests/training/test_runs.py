from __future__ import annotations

import json
from pathlib import Path

import pytest

from textsearch.errors import TextSearchError
from textsearch.training.runs import check_arguments, describe_step, log_step, mean_terms, record_arguments


def test_the_same_arguments_may_be_given_again(tmp_path: Path) -> None:
    run, arguments = tmp_path / "new" / "run", {"data": {"start": Path("a"), "sides": (1, 2)}, "seed": 0}
    record_arguments(run, arguments)
    written = (run / "recipe.json").read_bytes()
    record_arguments(run, arguments)
    assert (run / "recipe.json").read_bytes() == written
    assert json.loads(written) == {"data": {"start": "a", "sides": [1, 2]}, "seed": 0}


@pytest.mark.parametrize("other", [{"seed": 1}, {"seed": 0, "data": [1]}, {"seed": 0, "start": "a"}, {}])
def test_other_arguments_need_another_folder(tmp_path: Path, other: dict[str, object]) -> None:
    record_arguments(tmp_path, {"seed": 0})
    with pytest.raises(TextSearchError, match=r"begun with other arguments.*new folder"):
        record_arguments(tmp_path, other)


def test_arguments_can_be_checked_before_they_are_written_down(tmp_path: Path) -> None:
    check_arguments(tmp_path / "run", {"seed": 0})
    assert not (tmp_path / "run").exists()
    record_arguments(tmp_path / "run", {"seed": 0})
    check_arguments(tmp_path / "run", {"seed": 0})
    with pytest.raises(TextSearchError, match="other arguments"):
        check_arguments(tmp_path / "run", {"seed": 1})


def test_an_argument_that_a_newer_version_knows_changes_nothing_until_it_is_given(tmp_path: Path) -> None:
    record_arguments(tmp_path, {"data": {"files": [{"split": None, "file": "a"}]}})
    record_arguments(tmp_path, {"data": {"files": [{"file": "a", "form": None}], "held_back": None}})
    with pytest.raises(TextSearchError, match="other arguments"):
        record_arguments(tmp_path, {"data": {"files": [{"file": "a", "form": "svt"}]}})


def test_every_logged_step_is_a_line_and_in_the_picture(tmp_path: Path) -> None:
    log_step(tmp_path, 10, {"loss": 2.0})
    first = (tmp_path / "curves.png").read_bytes()
    log_step(tmp_path, 20, {"loss": 1.0, "held_back_map": 0.5})
    assert [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        {"step": 10, "loss": 2.0},
        {"step": 20, "loss": 1.0, "held_back_map": 0.5},
    ]
    assert (tmp_path / "curves.png").read_bytes() != first


def test_means_are_over_the_steps_that_have_a_term() -> None:
    assert mean_terms([{"loss": 1.0}, {"loss": 2.0, "read": 4.0}, {"loss": 6.0}]) == {"loss": 3.0, "read": 4.0}
    assert mean_terms([]) == {}


def test_a_line_for_a_person() -> None:
    assert describe_step(20, {"loss": 1.23456, "read": 0.5}) == "step 20 loss 1.2346 read 0.5000"
