"""What a user can get wrong: exit code 2, one sentence with a repair, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sklon import Trainer, nn
from tests.cli.commands import Command

FILES = {
    "empty.csv": b"",
    "header.csv": b"x,answer\n",
    "binary.csv": bytes(range(256)),
    "book.xlsx": b"PK\x03\x04....",
    "ragged.csv": b"x,answer\n1,yes\n2\n",
    "same.csv": b"x,answer\n1,yes\n2,yes\n",
    "infinite.csv": b"x,answer\n1,1.5\n2,inf\n3,2.5\n",
    "missing.csv": b"x,answer\n1,NA\n2,?\n",
    "labels.csv": b"x,answer\n1,a\n2,b\n3,c\n",
    "twice.csv": b"x,answer,x\n1,a,2\n2,b,1\n3,a,1\n",
    "unique.csv": b"x,answer\na,1.5\nb,2.5\nc,3.5\n",
}
BAD: dict[str, tuple[list[str], str]] = {
    "no file": (["train", "none.csv", "--target", "y"], "there is no file none.csv"),
    "a folder": (["train", ".", "--target", "y"], "is a folder"),
    "empty": (["train", "empty.csv", "--target", "y"], "is empty"),
    "header alone": (["train", "header.csv", "--target", "answer"], "has a header but no rows"),
    "binary": (["train", "binary.csv", "--target", "y"], "is a binary file"),
    "excel": (["train", "book.xlsx", "--target", "y"], "save the sheet as CSV"),
    "ragged": (["train", "ragged.csv", "--target", "answer"], "line 3 has 1 fields"),
    "no column": (["train", "table.csv", "--target", "anwser"], "did you mean 'answer'"),
    "constant target": (["train", "same.csv", "--target", "answer"], "nothing to learn"),
    "infinite target": (["train", "infinite.csv", "--target", "answer"], "is infinite in 1 rows"),
    "missing target": (["train", "missing.csv", "--target", "answer"], "has no value in any row"),
    "classes as rows": (["train", "labels.csv", "--target", "answer"], "as many different values as rows"),
    "a name twice": (["train", "twice.csv", "--target", "answer"], "more than one column named 'x'"),
    "a taken place with more than a run": (
        ["train", "table.csv", "--target", "answer", "--out", "full", "--overwrite"],
        "is not a run folder alone",
    ),
    "nothing to learn from": (["train", "unique.csv", "--target", "answer"], "too few"),
    "text as a number": (["train", "table.csv", "--target", "answer", "--task", "regression"], "not numbers"),
    "a wrong value": (
        ["train", "table.csv", "--target", "answer", "--lr", "fast"],
        "--lr fast is not possible",
    ),
    "a taken place": (["train", "table.csv", "--target", "answer", "--out", "full"], "exists already"),
    "a place inside a file": (
        ["train", "table.csv", "--target", "answer", "--out", "table.csv/run"],
        "because table.csv is no folder; give another --out",
    ),
    "the training table as test": (
        ["train", "table.csv", "--target", "answer", "--test", "table.csv"],
        "is the training table itself",
    ),
    "too large a part": (
        ["train", "table.csv", "--target", "answer", "--validation-fraction", "0.999"],
        "give a smaller validation fraction",
    ),
    "a role for no column": (["train", "table.csv", "--target", "answer", "--id", "row"], "has no column 'row'"),
    "no run": (["predict", "none", "table.csv"], "none does not exist"),
    "no run folder": (["predict", "full", "table.csv"], "is not a run folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_one_sentence_and_nothing_written(case: str, place: Path, command: Command) -> None:
    for name, data in FILES.items():
        (place / name).write_bytes(data)
    (place / "full").mkdir()
    (place / "full" / "mine").touch()
    before = sorted(place.rglob("*"))
    arguments, clause = BAD[case]
    code, out, err = command(*arguments)
    assert code == 2 and out == ""
    assert err.startswith("error: ") and clause in err and err.count("\n") == 1
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("name", ["predict", "evaluate"])
def test_a_folder_of_a_trainer_is_no_run_of_a_table(name: str, place: Path, command: Command) -> None:
    X = np.zeros((8, 1), np.float32)
    trainer = Trainer(nn.Linear(1, 1), loss="mse")
    trainer.fit((X, X), epochs=1)
    trainer.save("module")
    code, out, err = command(name, "module", "table.csv")
    assert code == 2 and out == ""
    assert "is the run of a module" in err and "sklon.load('module')" in err
