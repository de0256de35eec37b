from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.training.datasets.drawn import write
from textsearch.errors import MissingDependencyError, TextSearchError
from textsearch.training.datasets.formats import read_json, read_lines, read_matlab, read_xml, strings


def test_lines_without_mark_blanks_and_carriage_returns(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "\ufefföne\r\n\r\n two \n")
    assert read_lines(file) == ["öne", " two "]


@pytest.mark.parametrize("read", [read_lines, read_json, read_xml, lambda path: read_matlab(path, "data")])
def test_a_missing_file_is_named(tmp_path: Path, read: object) -> None:
    with pytest.raises(TextSearchError, match=r"There is no .*gone; name the folder of the data set"):
        read(tmp_path / "gone")  # type: ignore[operator]


def test_files_of_something_else_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a", "\xff{", "latin-1")
    for read in (read_lines, read_xml):
        with pytest.raises(TextSearchError, match=r"annotation .*a cannot be read .*; fetch the data set again"):
            read(file)
    with pytest.raises(TextSearchError, match="is not JSON"):
        read_json(write(tmp_path / "b", "{"))


@pytest.mark.parametrize("content", [b"", b"no matrix at all" * 20, b"MATLAB 5.0 MAT-file" + b" " * 200])
def test_a_damaged_matlab_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(TextSearchError, match=r"a\.mat cannot be read as a MATLAB file with the variable data"):
        read_matlab(tmp_path / "a.mat", "data")


def test_every_way_to_cut_a_matlab_file_short_is_an_error(tmp_path: Path) -> None:
    savemat(tmp_path / "whole.mat", {"data": np.arange(50)}, do_compression=True)
    content = (tmp_path / "whole.mat").read_bytes()
    assert read_matlab(tmp_path / "whole.mat", "data").size == 50
    for length in range(0, len(content) - 1, 7):
        (tmp_path / "cut.mat").write_bytes(content[:length])
        with pytest.raises(TextSearchError):
            read_matlab(tmp_path / "cut.mat", "data")


def test_another_variable_is_named(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"other": 1})
    with pytest.raises(TextSearchError, match="variable data"):
        read_matlab(tmp_path / "a.mat", "data")


def test_without_scipy_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "scene-textsearch\[train\]"'):
        read_matlab(tmp_path / "a.mat", "data")


def test_strings_come_out_of_their_cells() -> None:
    cells = np.empty((2, 1), object)
    cells[0, 0] = np.array(["one"])
    cells[1, 0] = np.array([[np.array(["two"])]], object)
    assert list(strings(cells)) == ["one", "two"]
    assert list(strings(np.array([], "<U1"))) == []
