"""A run folder tells about the data without holding them: no row, no place, no user, no machine."""

from __future__ import annotations

import platform
import socket
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import Command

ROWS = 90
USER, HOST = "ada-of-the-test", "engine-of-the-test"


def lines(first: int, last: int) -> list[str]:
    """Rows with a name, a patient, a moment, a remark and a colour; none of the first four comes twice in a file."""
    random = np.random.default_rng(first)
    moments = (np.datetime64("2021-03-04T05:06:07") + 400_009 * np.arange(last)).astype(str)
    return [
        f"id-{i}-x,patient-{i // 3}-x,{moments[i]},remark {i} of mine,{'red' if i % 2 else 'blue'},"
        f"{random.normal():.6f},{random.normal():.6f}"
        for i in range(first, last)
    ]


@pytest.mark.parametrize("target", ["y", "colour"])
def test_a_run_folder_holds_no_row_no_path_no_user_and_no_host(
    target: str, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, USER)
    monkeypatch.setenv("HOME", f"/home/{USER}")
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    monkeypatch.setattr(platform, "node", lambda: HOST)
    parts = {"train": lines(0, ROWS), "validation": lines(ROWS, ROWS + 30), "test": lines(ROWS + 30, ROWS + 60)}
    for name, rows in parts.items():
        (tmp_path / f"{name}.csv").write_text(
            "\n".join(["row,patient,moment,remark,colour,x,y", *rows]), encoding="utf-8"
        )
    files = [str(tmp_path / f"{name}.csv") for name in parts]
    roles = ["--id", "row", "--group-column", "patient", "--validation", files[1], "--test", files[2]]
    short = ["--epochs", "2", "--hidden", "8", "--threads", "1", "--out", str(tmp_path / "run")]
    assert command("train", files[0], "--target", target, *roles, *short)[0] == 0
    secrets = {USER, HOST, str(tmp_path), str(Path.cwd())}
    for rows in parts.values():
        secrets |= {cell for row in rows for cell in row.split(",")[:4]} | set(rows)
    written = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(written) >= 4
    for path in written:
        data = path.read_bytes().decode("utf-8", errors="replace")
        assert [secret for secret in secrets if secret in data] == [], path.name
