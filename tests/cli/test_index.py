from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import StubDatabase, a_report
from textsearch.cli import index, progress
from textsearch.errors import IndexLockedError
from textsearch.types import Failure

BROKEN = Failure(Path("/g/broken.jpg"), "the file is cut off")


def sources(database: StubDatabase) -> tuple[Path, ...]:
    return next(asked[0] for asked in database.asked if isinstance(asked, tuple) and isinstance(asked[0], tuple))


def options(database: StubDatabase) -> Any:
    return next(asked[1] for asked in database.asked if isinstance(asked, tuple) and isinstance(asked[0], tuple))


def test_a_run_ends_with_one_line_on_standard_error(run: Run, database: StubDatabase) -> None:
    database.report = a_report(added=1200, moved=2, regions=3400, seconds=100.0)
    outcome = run("index", "/g", "/h/a.jpg")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "1,200 added, 2 moved or copied; 3,400 texts, 12.0 images/s; done after 1:40 -> /index\n"
    assert sources(database) == (Path("/g"), Path("/h/a.jpg"))


def test_failures_of_earlier_runs_are_counted(run: Run, database: StubDatabase) -> None:
    database.report = a_report(unchanged=3, known_failures=2)
    expected = "3 unchanged, 2 failed before and not tried again; done after 0:02 -> /index\n"
    assert run("index", "/g").err == expected


def test_options_reach_the_indexer(run: Run, database: StubDatabase) -> None:
    arguments = "index . -i /there -j 3 --no-recursive --include *.jpg --include *.png --exclude t/* --hidden --follow"
    run(*arguments.split(), "--limit", "7", "--force", "--retry-failed", "--batch-size", "4")
    chosen = options(database)
    assert database.asked[0] == ("open", Path("/there"))
    assert (chosen.jobs, chosen.batch_size, chosen.limit) == (3, 4, 7)
    assert (chosen.include, chosen.exclude) == (("*.jpg", "*.png"), ("t/*",))
    assert (chosen.recursive, chosen.hidden, chosen.follow_links) == (False, True, True)
    assert (chosen.force, chosen.retry_failed) == (True, True)


def test_the_preset_is_the_databases(run: Run, database: StubDatabase) -> None:
    assert run("index", "photos", "--preset", "fast").code == 0
    assert database.asked[0] == ("open", None, "fast")


def test_another_preset_is_refused(run: Run) -> None:
    outcome = run("index", "photos", "--preset", "slow")
    assert outcome.code == 2
    assert "slow" in outcome.err


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        (b"a.jpg\nb c.jpg\r\n\n", ("a.jpg", "b c.jpg")),
        (b"a\nb.jpg\0c.jpg\0", ("a\nb.jpg", "c.jpg")),
        (b"caf\xe9.jpg\n", ("caf\udce9.jpg",)),
    ],
)
def test_paths_come_from_standard_input(run: Run, database: StubDatabase, stdin: bytes, expected: Any) -> None:
    assert run("index", "-", stdin=stdin).code == 0
    assert sources(database) == tuple(Path(path) for path in expected)


def test_no_paths_on_standard_input_is_an_error(run: Run) -> None:
    outcome = run("index", "-", stdin=b"")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)


def test_failures_are_counted_and_the_command_that_shows_them_is_named(run: Run, database: StubDatabase) -> None:
    database.report = a_report(added=1, failures=(BROKEN,))
    database.failed = [BROKEN]
    outcome = run("index", "/g", "--quiet")
    assert outcome.code == 0
    assert outcome.err == "1 file could not be read; `textsearch status --failed` shows why\n"


def test_reasons_that_the_index_does_not_record_are_said(run: Run, database: StubDatabase) -> None:
    unread = [Failure(Path(f"/g/{number}.jpg"), "no permission to read it") for number in range(7)]
    database.report = a_report(failures=(*unread, BROKEN))
    database.failed = [BROKEN, Failure(Path("/h/old.jpg"), "the file is empty")]
    assert run("index", "/g", "--quiet").err.splitlines() == [
        *(f"/g/{number}.jpg: no permission to read it" for number in range(5)),
        "and 2 more like these; --json lists all",
        "1 file could not be read; `textsearch status --failed` shows why",
    ]
    database.report = a_report(failures=tuple(unread[:1]))
    assert run("index", "/g", "--quiet").err == "/g/0.jpg: no permission to read it\n"


def test_strict_makes_a_failure_exit_code_2(run: Run, database: StubDatabase) -> None:
    assert run("index", "/g", "--strict").code == 0
    database.report = a_report(failures=(BROKEN, Failure(Path("/g/other.jpg"), "the file is empty")))
    database.failed = list(database.report.failures)
    outcome = run("index", "/g", "--strict")
    assert outcome.code == 2
    assert "2 files could not be read" in outcome.err


def test_json_is_the_report_and_the_place(run: Run, database: StubDatabase) -> None:
    database.report = a_report(added=4, failures=(BROKEN,))
    outcome = run("index", "/g", "--json")
    data = json.loads(outcome.out)
    assert (data["added"], data["images_per_second"], data["location"]) == (4, 2.0, "/index")
    assert data["failures"] == [{"path": "/g/broken.jpg", "reason": "the file is cut off"}]


def test_an_interrupted_run_says_so_and_is_exit_code_130(run: Run, database: StubDatabase) -> None:
    database.report = a_report(added=1, interrupted=True)
    outcome = run("index", "/g")
    assert outcome.code == 130
    assert "stopped early; run it again to continue" in outcome.err


def test_an_error_is_one_sentence(run: Run, database: StubDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise IndexLockedError("Another process is writing.")

    monkeypatch.setattr(database, "index", locked)
    outcome = run("index", "/g")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", "textsearch: Another process is writing.\n")


def test_quiet_asks_for_no_progress(run: Run, database: StubDatabase) -> None:
    assert run("index", "/g", "-q").err == ""
    assert any(isinstance(asked, tuple) and asked[-1] is None and len(asked) == 3 for asked in database.asked)


def test_nothing_found_is_said() -> None:
    assert index.summary(a_report()) == "no photo found; done after 0:02"


def test_a_log_file_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with progress.progress_listener(quiet=False) as listener:
        assert listener is not None
        for done in range(100):
            now += 1.0
            state: Any = SimpleNamespace(done=done, total=2000, images_per_second=1.0, seconds_left=3700.0)
            listener(state)
    assert capsys.readouterr().err.splitlines()[0] == "29 of 2,000 photos, 1.0 images/s, 1:01:40 left"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_listener(quiet=False) as listener:
        assert listener is not None
        state: Any = SimpleNamespace(done=3, total=7, images_per_second=1.25, seconds_left=None)
        listener(state)
    written = capsys.readouterr().err
    assert "3/7" in written
    assert "1.2 images/s" in written
