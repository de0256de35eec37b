from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.children import PATIENCE, next_line
from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX terminals and signals")

WITH_STUB = """
import sys
from pathlib import Path
from tests.cli.stub import StubDatabase, a_hit, a_match, a_result
from textsearch.cli import main, query
stub = StubDatabase()
stub.results["many"] = a_result(*(a_hit(n, Path.cwd() / f"p{n}.jpg", a_match("COCA")) for n in range(1, COUNT)))
query.open_database = lambda index: stub
main.main()
"""


def python(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", program, *arguments]


def with_stub(hits: int, *arguments: str) -> list[str]:
    return python(WITH_STUB.replace("COUNT", str(hits + 1)), *arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["query", "--help"], ["--version"]])
def test_help_starts_without_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom textsearch.cli.main import main\n"
        "try:\n    main()\nfinally:\n    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    result = subprocess.run(
        python(program, *arguments), capture_output=True, text=True, cwd=ROOT, check=True, timeout=PATIENCE
    )
    heavy = {"torch", "numpy", "sqlalchemy", "faiss", "cv2", "onnxruntime", "PIL", "transformers", "rapidocr"}
    assert heavy.isdisjoint(result.stderr.split())
    assert "textsearch" in result.stdout


def test_version(run: Run) -> None:
    assert run("--version").out == f"textsearch {importlib.metadata.version('scene-textsearch')}\n"


def test_python_can_run_it_as_a_module() -> None:
    command = [sys.executable, "-m", "textsearch", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=PATIENCE)
    assert result.stdout == f"textsearch {importlib.metadata.version('scene-textsearch')}\n"


def test_no_argument_shows_the_help(run: Run) -> None:
    outcome = run()
    assert "Commands:" in outcome.out + outcome.err


@pytest.mark.parametrize(
    "command", ["index", "query", "show", "report", "export", "info", "status", "prune", "demo", "doctor"]
)
def test_every_command_explains_itself_with_examples(run: Run, command: str) -> None:
    outcome = run(command, "--help")
    assert outcome.code == 0
    assert f"Examples:\n    textsearch {command}" in outcome.out


@POSIX
def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        with_stub(20_000, "query", "many", "-k", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None and process.stderr is not None
    assert next_line(process).startswith(b"1\t")
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(PATIENCE) == 0


@POSIX
@pytest.mark.parametrize("option", ["--explain", "--color=always"])
def test_nor_is_it_where_the_output_is_for_a_person(option: str) -> None:
    process = subprocess.Popen(
        with_stub(2_000, "query", "many", option), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    assert process.wait(30) == 0


def test_a_mistake_of_the_program_is_no_lack_of_hits() -> None:
    program = "query.open_database = lambda index: 1 / 0\nmain.main()"
    command = python(WITH_STUB.replace("COUNT", "1").replace("main.main()", program), "query", "x")
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=60)
    assert result.returncode == 2
    assert "ZeroDivisionError" in result.stderr


def test_a_file_in_the_way_is_one_sentence(run: Run, database: StubDatabase, tmp_path: Path) -> None:
    blocking = tmp_path / "file"
    blocking.touch()
    outcome = run("demo", blocking / "below")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("textsearch: ")
    assert outcome.err.count("\n") == 1


def test_a_terminal_without_the_letters_gets_their_numbers() -> None:
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "textsearch", "info", "--help"]
    result = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert b"\\u6771\\u4eac" in result.stdout


@POSIX
def test_ctrl_c_is_exit_code_130_without_a_traceback() -> None:
    program = (
        "query.open_database = lambda index: (print('ready', flush=True), __import__('time').sleep(60))\nmain.main()"
    )
    process = subprocess.Popen(
        python(WITH_STUB.replace("COUNT", "1").replace("main.main()", program), "query", "x"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None and process.stderr is not None
    assert next_line(process) == b"ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert b"Traceback" not in process.stderr.read()


def test_output_is_utf8_whatever_the_locale() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    command = with_stub(1, "query", "many", "é", "--json")
    result = subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, check=False, timeout=PATIENCE)
    assert result.stderr == b""
    assert json.loads(result.stdout.decode("utf-8"))["hits"] == []


@POSIX
def test_a_terminal_gets_a_table_with_near_paths_and_the_time() -> None:
    import pty

    terminal, inside = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    result = subprocess.run(
        with_stub(2, "query", "many"),
        stdout=inside,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        check=False,
        timeout=PATIENCE,
    )
    os.close(inside)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert result.returncode == 0, result.stderr.decode()
    assert [line.split() for line in shown.splitlines() if "p1.jpg" in line] == [
        ["1", "33.3", "exact", "p1.jpg", "10,20,60,40", "COCA"]
    ]
    assert "\x1b" not in shown
    assert result.stderr == b"2 photos of 1,234 in 38 ms\n"
