"""A training of a table goes on from its folder, to the bits of one that was never interrupted; nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sklon._base.errors import InputError, RunFolderError
from sklon.runs import Run, load, train, training
from sklon.runs.network import fit_network
from sklon.training import folder as files
from tests.runs.conftest import table, without_other_targets

SETTINGS: dict[str, Any] = {"hidden": "16", "epochs": 6, "seed": 1, "dropout": 0.2, "early_stopping": "patience(50)"}


def source(rows: int = 240) -> dict[str, Any]:
    return without_other_targets(table(rows), "price")


def trained(out: Path, **more: Any) -> Run:
    return train(source(), target="price", out=out, **{**SETTINGS, **more})


def bits(run: Run) -> dict[str, Any]:
    """All that a run says but for its clock."""
    hidden = ("seconds", "settings", "command", "python")
    record = {name: value for name, value in run.record.items() if name not in hidden}
    history = [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]
    return {"weights": {n: w.tobytes() for n, w in run.weights.items()}, "record": record, "history": history}


SCRIPT = """
import sys, sklon
from sklon.runs import unfinished
from tests.runs.test_unfinished import SETTINGS, source
unfinished.EVERY_MINUTES = 0.0002
begin = dict(target="price", out=sys.argv[1], **{**SETTINGS, "epochs": 400, "lr": 1e-4})
print("ready", flush=True)
sklon.train(source(2000), **(begin if sys.argv[2] == "begin" else dict(resume=sys.argv[1])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind exist on POSIX systems only")
def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    out = tmp_path / "run"

    def killed(how: str, seconds: float) -> None:
        command = [sys.executable, "-c", SCRIPT, str(out), how]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 60
            while not any(out.glob("checkpoints/step-*")) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)

    killed("begin", 0.1)
    with pytest.raises(RunFolderError, match=r"did not finish; go on with: sklon train TABLE --resume"):
        load(out)
    killed("resume", 0.8)
    again = train(source(2000), resume=out)
    whole = train(source(2000), target="price", **{**SETTINGS, "epochs": 400, "lr": 1e-4})
    assert bits(again) == bits(whole)
    assert bits(load(out)) == bits(whole) and again.path == out


@pytest.mark.parametrize("more", [{}, {"schedule": "warmup(4)"}, {"ema": 0.9, "batch_norm": True}])
def test_a_finished_run_is_trained_longer(more: dict[str, Any], tmp_path: Path) -> None:
    trained(tmp_path / "run", **{**more, "epochs": 3})
    longer = train(source(), resume=tmp_path / "run", epochs=6, threads=1)
    assert bits(longer) == bits(trained(tmp_path / "whole", **more))
    assert longer.record["stopped"]["epoch"] == 6 and longer.settings.epochs == 6


def test_patience_that_ran_out_goes_on_with_more_of_it(tmp_path: Path) -> None:
    short = trained(tmp_path / "run", epochs=60, lr=0.05, early_stopping="patience(2)")
    assert short.record["stopped"]["reason"] == "patience"
    longer = train(source(), resume=tmp_path / "run", early_stopping="patience(6)")
    assert bits(longer) == bits(trained(tmp_path / "other", epochs=60, lr=0.05, early_stopping="patience(6)"))


def other_rows() -> dict[str, Any]:
    return source(239)


@pytest.mark.parametrize(
    ("data", "words", "says"),
    [
        (other_rows, {}, "is not the table that .* was begun with"),
        (source, {"lr": 0.5}, "was begun with --lr auto, so it cannot go on with 0.5; leave --lr out"),
        (source, {"hidden": "16,16"}, "was begun with --hidden 16, so it cannot"),
        (source, {"target": "size"}, "predicts 'price', not 'size'"),
        (source, {"out": "elsewhere"}, "leave --out and --overwrite out"),
        (source, {"overwrite": True}, "leave --out and --overwrite out"),
        (source, {"validation": source(50)}, "is not what .* was validated on"),
        (source, {"epochs": "many"}, "epochs='many' is not possible|--epochs many is not possible"),
        (source, {"epochs": 1}, "has run 2 epochs already; give --epochs of at least as many"),
    ],
)
def test_what_decides_the_values_cannot_change(
    data: Callable[[], Any], words: dict[str, Any], says: str, tmp_path: Path
) -> None:
    trained(tmp_path / "run", epochs=2)
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(InputError, match=says):
        train(data(), resume=tmp_path / "run", **words)
    assert (tmp_path / "run" / "run.json").read_bytes() == before and load(tmp_path / "run").history


def test_the_same_settings_may_be_given_again_and_validation_must(tmp_path: Path) -> None:
    rows = source(50)
    whole = train(source(), target="price", out=tmp_path / "run", validation=rows, **{**SETTINGS, "epochs": 2})
    with pytest.raises(InputError, match="is validated on the frame; give it again by --validation"):
        train(source(), resume=tmp_path / "run")
    again = train(source(), resume=tmp_path / "run", target="price", validation=rows, hidden=(16,), seed=1)
    assert bits(again) == bits(whole)


def test_folders_without_a_training_are_refused(tmp_path: Path, run_of: Callable[[str], Run]) -> None:
    alone = run_of("regression").save(tmp_path / "alone").path
    assert alone is not None
    with pytest.raises(RunFolderError, match="has no checkpoints to go on from"):
        train(source(), resume=alone)
    with pytest.raises(RunFolderError, match="does not exist"):
        train(source(), resume=tmp_path / "nowhere")
    ran = trained(tmp_path / "other", epochs=1).path
    assert ran is not None
    with pytest.raises(RunFolderError, match="is no folder that sklon train wrote"):
        train(source(), resume=next(ran.glob("checkpoints/step-*")))
    trained(tmp_path / "run", epochs=1)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a run folder alone"):
        train(source(), resume=tmp_path / "run")
    with pytest.raises(InputError, match="a target is needed"):
        train(source())


class BrokenError(Exception):
    """What goes wrong after the training."""


def test_a_run_that_is_replaced_stays_until_the_new_one_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    old = trained(out, epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr(training, "judge_of", lambda *_: _raise(BrokenError()))
        with pytest.raises(BrokenError):
            trained(out, epochs=2, overwrite=True)
    assert bits(load(out)) == bits(old) and (tmp_path / "run-new" / "checkpoints").is_dir()
    with pytest.raises(InputError, match=r"run-new is in the way: .* --resume .*run-new, or delete it"):
        trained(out, epochs=2, overwrite=True)
    assert train(source(), resume=tmp_path / "run-new").record["stopped"]["epoch"] == 2
    for path in sorted((tmp_path / "run-new").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "run-new").rmdir()
    assert bits(trained(out, epochs=2, overwrite=True)) == bits(load(out))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def _raise(error: BaseException) -> None:
    raise error


def test_a_folder_of_one_s_own_in_the_way_is_left_alone(tmp_path: Path) -> None:
    trained(tmp_path / "run", epochs=1)
    (tmp_path / "run-new").mkdir()
    (tmp_path / "run-new" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"is in the way: what is to replace .*run is written there; rename it"):
        trained(tmp_path / "run", epochs=1, overwrite=True)
    assert (tmp_path / "run-new" / "thesis.txt").read_text() == "mine"


def test_what_lies_in_the_way_at_the_end_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit, out = fit_network, tmp_path / "run"

    def littered(*args: Any, **more: Any) -> Any:
        (out / "notes.txt").write_text("mine")
        return fit(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit_network", littered)
        with pytest.raises(InputError, match="is not a run folder alone, so it is kept"):
            trained(out)
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    assert bits(train(source(), resume=out)) == bits(trained(tmp_path / "whole"))


@pytest.mark.parametrize("last", ["model.safetensors", "history.csv", "report.html"])
def test_a_kill_between_two_files_of_the_end_loses_nothing(
    last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first, and where a finished run is trained longer: there is a run that goes on, never half of two."""
    out, write = tmp_path / "run", files._write

    def dying(path: Path, contents: bytes) -> None:
        write(path, contents)
        if path.parent == out and path.name == last:
            raise BrokenError

    def die(call: Callable[[], Run]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(files, "_write", dying)
            with pytest.raises(BrokenError):
                call()
        with pytest.raises(RunFolderError, match="did not finish"):
            load(out)

    die(lambda: trained(out, epochs=3))
    assert bits(train(source(), resume=out)) == bits(trained(tmp_path / "short", epochs=3))
    die(lambda: train(source(), resume=out, epochs=6))
    assert bits(train(source(), resume=out, epochs=6)) == bits(trained(tmp_path / "long", epochs=6))


def test_a_run_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    trained(Path(), epochs=2)
    again = train(source(), resume=".", epochs=4)
    assert again.record["stopped"]["epoch"] == 4 and [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_test_table_is_asked_for_again(tmp_path: Path) -> None:
    rows = source(60)
    train(source(), target="price", out=tmp_path / "run", test=rows, **{**SETTINGS, "epochs": 2})
    with pytest.raises(InputError, match="is tested on the frame; give it again by --test"):
        train(source(), resume=tmp_path / "run", epochs=4)
    assert train(source(), resume=tmp_path / "run", epochs=4, test=rows).record["test"] is not None


@pytest.mark.parametrize(("error", "left"), [(InputError("no"), []), (KeyboardInterrupt(), ["run"])])
def test_what_comes_to_nothing_leaves_nothing_and_an_interrupt_what_it_has(
    error: BaseException, left: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "judge_of", lambda *_: _raise(error))
    with pytest.raises(type(error)) as caught:
        trained(tmp_path / "run", epochs=1)
    assert [path.name for path in tmp_path.iterdir()] == left
    if left:
        assert str(caught.value).startswith("interrupted; go on with --resume")


def test_a_training_under_way_says_so_and_tells_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def look(*args: Any, **more: Any) -> Any:
        seen.append(json.loads((tmp_path / "run" / "run.json").read_text()))
        return fit_network(*args, **more)

    monkeypatch.setattr(training, "fit_network", look)
    trained(tmp_path / "run", epochs=1)
    assert seen[0]["status"] == "training" and str(tmp_path) not in json.dumps(seen[0])
