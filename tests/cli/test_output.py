"""Where predictions go: whole files, devices that stay devices, UTF-8 everywhere, and never over the table."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.commands import QUICK, ROWS, Command


def test_predictions_never_take_the_place_of_the_table_or_a_folder(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    before = (place / "table.csv").read_bytes()
    code, _, err = command("predict", "run", "table.csv", "-o", "./table.csv")
    assert code == 2 and "is the table itself" in err and (place / "table.csv").read_bytes() == before
    code, _, err = command("predict", "run", "table.csv", "-o", "run")
    assert code == 2 and "run is a folder; give --output the name of a file" in err
    code, _, err = command("predict", "run", "table.csv", "-o", "none/out.csv")
    assert code == 2 and "none/out.csv cannot be written" in err.replace("\\", "/")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such devices")
def test_a_device_is_written_to_and_stays_one(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    pipe = place / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    assert command("predict", "run", "table.csv", "-o", "pipe")[0] == 0
    reader.join()
    assert pipe.is_fifo() and len(read[0].splitlines()) == ROWS + 1


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no device that is always full")
def test_a_full_disk_is_one_sentence(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--out", "run", *QUICK)
    program = "from sklon.cli import main; main(['predict', 'run', 'table.csv'])"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and done.stderr.startswith("error: the system says No space left")
    assert done.stderr.count("\n") == 1


def test_ids_that_a_table_lacks_are_told(place: Path, command: Command) -> None:
    command("train", "table.csv", "--target", "answer", "--id", "colour", "--out", "run", *QUICK)
    (place / "new.csv").write_text("x\n1\n", encoding="utf-8")
    code, out, err = command("predict", "run", "new.csv")
    assert (
        code == 0 and out.startswith("prediction,") and "new.csv has no column 'colour', so predictions lack it" in err
    )
    assert command("predict", "run", "table.csv")[1].startswith("colour,prediction,")


def test_predictions_are_utf_8_whatever_the_terminal_shows(place: Path) -> None:
    rows = [f"{i % 7},{'да' if i % 7 > 3 else 'нет'}" for i in range(60)]
    (place / "ответ.csv").write_text("\n".join(["x,ответ", *rows]), encoding="cp1251")
    program = (
        "from sklon.cli import main\n"
        "try: main('train ответ.csv --target ответ --out run --epochs 1 --hidden 4 --threads 1'.split())\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "main('predict run ответ.csv'.split())"
    )
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert b"gives the right ?????" in done.stdout
    assert "prediction,probability_да,probability_нет\n".encode() in done.stdout
