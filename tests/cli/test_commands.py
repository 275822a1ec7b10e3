"""The commands as a user meets them: results, streams, exit codes, and nothing left behind by a mistake."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sklon.cli import main
from sklon.runs import network, training
from sklon.runs.settings import SETTINGS
from tests.cli.commands import QUICK, ROWS, Command


@pytest.mark.parametrize("name", ["train", "predict", "evaluate", "show", "demo", "derive"])
def test_every_command_has_help_with_an_example(name: str, command: Command) -> None:
    code, out, err = command(name, "--help")
    assert code == 0 and err == ""
    assert f"Example: sklon {name}" in out


@pytest.mark.parametrize("name", ["train", "demo"])
def test_every_setting_is_a_flag_with_its_default(name: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = command(name, "--help")[1]
    for row in SETTINGS:
        default = row.shown if not isinstance(row.default, bool) else f"no-{row.flag[2:]}"
        assert row.flag in text and f"[default: {default}]" in text


def test_train_writes_a_run_and_says_where_the_report_is(place: Path, command: Command) -> None:
    code, out, err = command("train", "table.csv", "--target", "answer", *QUICK)
    assert code == 0
    assert "rows that it did not train on" in out
    assert out.splitlines()[-1] == f"The report is {Path('table-run/report.html')}, the run is table-run."
    assert "answer holds text with 2 different values" in err
    assert sorted(path.name for path in place.iterdir()) == ["table-run", "table.csv"]


def test_json_is_one_object_on_standard_output(place: Path, command: Command) -> None:
    code, out, _ = command("train", "table.csv", "--target", "answer", "--json", "--out", "a/b", *QUICK)
    summary = json.loads(out)
    assert code == 0 and len(out.splitlines()) == 1
    assert summary["run"] == str(Path("a/b")) and (place / summary["report"]).is_file()
    assert (summary["task"], summary["metric"], summary["higher_is_better"]) == ("binary", "accuracy", True)
    assert summary["epochs"] == 2 and summary["stopped"] == "epochs" and 0 <= summary["score"] <= 1


def test_quiet_says_nothing_but_the_result(place: Path, command: Command) -> None:
    code, out, err = command("train", "table.csv", "--target", "answer", "--quiet", *QUICK)
    assert code == 0 and err == "" and out


def test_predictions_are_in_the_order_of_the_rows(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    lines = (place / "table.csv").read_text(encoding="utf-8").splitlines()
    new = [",".join(reversed(line.split(",")[:2])) + ",more" for line in lines]
    (place / "new.csv").write_text("\n".join([new[0], *reversed(new[1:])]) + "\n", encoding="utf-8")
    code, out, _ = command("predict", "run", "table.csv", "-o", "out.csv")
    assert code == 0 and out == f"{ROWS} predictions in out.csv\n"
    assert command("predict", "run", "new.csv", "-o", "reversed.csv", "--quiet")[0] == 0
    with open("out.csv", newline="") as straight, open("reversed.csv", newline="") as back:
        rows, turned = list(csv.DictReader(straight)), list(csv.DictReader(back))
    assert list(rows[0]) == ["prediction", "probability_no", "probability_yes"] and len(rows) == ROWS
    assert len({row["probability_yes"] for row in rows}) > ROWS / 2
    for row, other in zip(rows, reversed(turned), strict=True):
        assert row["prediction"] == other["prediction"]
        assert abs(float(row["probability_yes"]) - float(other["probability_yes"])) < 1e-4


def test_predictions_go_to_standard_output_or_are_described_as_json(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "x", "--out", "run", *QUICK)
    code, out, _ = command("predict", "run", "table.csv")
    assert code == 0 and out.splitlines()[0] == "prediction" and len(out.splitlines()) == ROWS + 1
    code, out, _ = command("predict", "run", "table.csv", "-o", "p.csv", "--json")
    assert json.loads(out) == {"output": "p.csv", "rows": ROWS, "columns": ["prediction"]}
    assert command("predict", "run", "table.csv", "--json")[0] == 2


def test_the_recorded_command_repeats_the_run(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    words = json.loads((place / "run" / "run.json").read_text(encoding="utf-8"))["command"].split()
    assert words[0] == "sklon" and command(*words[1:])[0] == 0
    first, again = ((place / name / "model.safetensors").read_bytes() for name in ("run", "table-run"))
    assert first == again


def test_the_demonstration_trains(place: Path, command: Command) -> None:
    code, out, err = command("demo", "--json", "--epochs", "1", "--hidden", "8", "--threads", "1")
    assert code == 0 and "CC BY 4.0" in err
    assert json.loads(out)["task"] == "multiclass" and (place / "letters-run" / "report.html").is_file()


def test_evaluate_scores_the_rows_and_needs_the_target(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    code, out, _ = command("evaluate", "run", "table.csv")
    assert code == 0 and out.startswith(f"{ROWS} rows of table.csv:") and "with 95 % certainty between" in out
    scored = json.loads(command("evaluate", "run", "table.csv", "--json")[1])
    assert scored["rows"] == ROWS and 0 <= scored["scores"]["accuracy"] <= 1
    (place / "new.csv").write_text("x,colour\n1,red\n", encoding="utf-8")
    assert "has no column 'answer'" in command("evaluate", "run", "new.csv")[2]


def test_show_lists_tells_and_compares(place: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no run in" in command("show")[2]
    command("train", "table.csv", "--target", "answer", "--out", "a", *QUICK)
    code, out, _ = command("show", "a")
    assert code == 0 and "rows that it did not train on" in out and "sklon train table.csv" in out
    command("train", "table.csv", "--target", "answer", "--out", "b", "--lr", "0.01", *QUICK)
    listed, both = command("show")[1], command("show", "a", "b")[1]
    assert listed == both and len(both.splitlines()) == 3 and "lr=0.01" in both and "*" in both
    assert [run["run"] for run in json.loads(command("show", "--json")[1])["runs"]] == ["a", "b"]
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert command("show", "a", "--open")[0] == 0
    assert len(opened) == 1 and opened[0].endswith("/a/report.html")


def test_a_run_that_cannot_be_read_is_left_out_of_the_list(place: Path, command: Command) -> None:
    (place / "old").mkdir()
    (place / "old" / "run.json").write_text('{"schema": 99}', encoding="utf-8")
    code, out, err = command("show")
    assert code == 2 and "old was written by another version" in err
    command("train", "table.csv", "--target", "answer", "--out", "new", *QUICK)
    code, out, err = command("show")
    assert code == 0 and "sklon train table.csv" in out and "left out" in err
    assert command("show", "old", "new")[0] == 2


def test_overwrite_replaces_a_run_and_nothing_else(place: Path, command: Command) -> None:
    train = ["train", "table.csv", "--target", "answer", "--out", "run", *QUICK]
    command(*train)
    assert "exists already" in command(*train, "--seed", "5")[2]
    assert command(*train, "--seed", "5", "--overwrite")[0] == 0
    assert json.loads((place / "run" / "run.json").read_text(encoding="utf-8"))["settings"]["seed"] == 5
    (place / "run" / "precious").touch()
    assert "so it is kept" in command(*train, "--overwrite")[2]
    assert sorted(path.name for path in place.iterdir()) == ["run", "table.csv"]


def test_a_new_table_that_lacks_a_column_is_refused_and_the_old_output_kept(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    (place / "new.csv").write_text("X,colour\n1,red\n", encoding="utf-8")
    (place / "out.csv").write_text("mine", encoding="utf-8")
    code, _, err = command("predict", "run", "new.csv", "-o", "out.csv")
    assert code == 2 and "lacks the column 'x'; did you mean 'X'" in err
    assert (place / "out.csv").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("arguments", [["train"], ["train", "t.csv", "--target"], ["fly"], ["train", "--fast"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], command: Command) -> None:
    code, out, err = command(*arguments)
    assert code == 2 and out == "" and err and "Traceback" not in err


def test_ctrl_c_before_there_is_a_result(place: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "fit_network", interrupted)
    code, out, err = command("train", "table.csv", "--target", "answer")
    assert code == 130 and out == "" and "nothing was written" in err
    assert [path.name for path in place.iterdir()] == ["table.csv"]


@pytest.mark.parametrize("epochs", [0, 2])
def test_ctrl_c_while_training_keeps_a_usable_run(
    epochs: int, place: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = network.fit_network

    def cut(*arguments: Any, **words: Any) -> Any:
        fitted = fit(*arguments, **words)
        fitted.stopped["reason"] = "interrupted"
        return replace(fitted, history=fitted.history[:epochs])

    monkeypatch.setattr(training, "fit_network", cut)
    code, out, _ = command("train", "table.csv", "--target", "answer", "--json", *QUICK)
    assert code == 130 and json.loads(out)["status"] == "interrupted"
    assert command("predict", "table-run", "table.csv")[0] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_a_real_ctrl_c_leaves_a_whole_run_or_none(place: Path) -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sklon.cli import main\n"
        "main('train table.csv --target answer --epochs 1000000 --early-stopping none --threads 1'.split())"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=place, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None and "answer holds text" in process.stderr.readline()
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    words = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in words
    left = sorted(path.name for path in place.iterdir())
    assert left == ["table.csv"] or (place / "table-run" / "report.html").is_file()


def test_a_bug_is_exit_code_1_with_a_traceback_only_when_asked(
    place: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(training, "fit_network", broken)
    monkeypatch.delenv("SKLON_DEBUG", raising=False)
    code, out, err = command("train", "table.csv", "--target", "answer", "--quiet")
    assert (code, out) == (1, "") and "a bug in sklon: ZeroDivisionError: oops" in err
    monkeypatch.setenv("SKLON_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["train", "table.csv", "--target", "answer", "--quiet"])


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom sklon.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'duckdb', 'sklearn', 'scipy', 'matplotlib', 'llvmlite', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_text_degrades_where_the_terminal_cannot_encode_it(place: Path) -> None:
    program = "from sklon.cli import main; main(['train', 'table.csv', '--target', 'нет'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        cwd=place,
    )
    assert done.returncode == 2 and "has no column '???'" in done.stderr


def test_a_run_goes_on_by_the_command(place: Path, command: Command) -> None:
    assert command("train", "table.csv", "--target", "answer", "--out", "run", "--batch-norm", *QUICK)[0] == 0
    code, out, _ = command("train", "table.csv", "--resume", "run", "--epochs", "4", "--json")
    assert code == 0 and json.loads(out)["epochs"] == 4 and json.loads(out)["run"] == "run"
    record = json.loads((place / "run" / "run.json").read_text("utf-8"))
    assert record["settings"]["batch_norm"] is True and "--batch-norm " in record["command"] + " "
    code, _, err = command("train", "table.csv", "--resume", "run", "--no-batch-norm")
    assert code == 2 and "was begun with --batch-norm yes" in err
    code, _, err = command("train", "table.csv")
    assert code == 2 and "a target is needed" in err


def test_a_run_is_judged_by_the_metric_that_is_asked_for(place: Path, command: Command) -> None:
    code, out, _ = command("train", "table.csv", "--target", "answer", "--metric", "auc", "--json", *QUICK)
    summary = json.loads(out)
    assert code == 0 and summary["metric"] == "auc" and summary["score"] == summary["scores"]["network"]["auc"]
    code, out, _ = command("evaluate", "table-run", "table.csv", "--json")
    assert json.loads(out)["metric"] == "auc"
    code, _, err = command("train", "table.csv", "--target", "answer", "--metric", "rmse", *QUICK)
    assert code == 2 and "rmse says nothing about binary; give --metric accuracy, auc, log_loss, or auto" in err


def test_settings_come_from_a_file_and_flags_go_before_it(place: Path, command: Command) -> None:
    (place / "settings.toml").write_text('hidden = [6]\nweight-decay = 0.1\nepochs = 1\nearly_stopping = "gl(5)"\n')
    base = ("train", "table.csv", "--target", "answer", "--threads", "1", "--config", "settings.toml")
    assert command(*base, "--epochs", "2", "--out", "run")[0] == 0
    settings = json.loads((place / "run" / "run.json").read_text("utf-8"))["settings"]
    assert (settings["hidden"], settings["weight_decay"], settings["early_stopping"]) == ([6], 0.1, "gl(5)")
    assert settings["epochs"] == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch = 3\n", "settings.toml has 'epoch', which is no setting; did you mean 'epochs'?"),
        ("target = 'x'\n", "settings.toml has 'target', which is no setting"),
        ("resume = 'x'\n", "settings.toml has 'resume', which is no setting"),
        ("say = 'x'\n", "settings.toml has 'say', which is no setting"),
        ("batch-size = 8\nbatch_size = 9\n", "settings.toml has 'batch_size' twice"),
        ("epochs = true\n", "epochs=True is not possible"),
        ("epochs = 'many'\n", "epochs"),
        ("epochs = \n", "is no TOML"),
        (None, "there is no file settings.toml"),
    ],
)
def test_a_file_of_settings_that_makes_no_sense_is_one_sentence(
    text: str | None, sentence: str, place: Path, command: Command
) -> None:
    if text is not None:
        (place / "settings.toml").write_text(text)
    code, _, err = command("train", "table.csv", "--target", "answer", "--config", "settings.toml")
    assert code == 2 and sentence in err and err.count("\n") == 1
    assert not (place / "table-run").exists()
