"""Many processes with one cache, at the same moment: each gets right programs, and what is left is whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from sklon.compiler.disk.entry import unpacked
from sklon.compiler.disk.folder import opened

PROCESSES = 5
WORK = """
import hashlib, json, sys
import numpy as np
import sklon
from sklon.compiler import native
from sklon.compiler.disk import folder, store

folder.LIMIT, own = int(sys.argv[1]), int(sys.argv[2])
generated, real = [], native.object_code
native.object_code = lambda text, target, level: generated.append(1) or real(text, target, level)
native.host()
print("ready", flush=True)
sys.stdin.readline()
digest = hashlib.sha256()
for size in [*range(2, 6), *([100 + own] * bool(own))]:
    x = sklon.tensor(np.linspace(0.0, 1.0, size, dtype=np.float32))
    value = ((x * x).exp() @ x.reshape(size, 1)).sum().numpy()
    digest.update(value.tobytes() if size < 100 else b"")
print(json.dumps({"digest": digest.hexdigest(), "generated": len(generated)}), flush=True)
"""
"""Four programs that all processes want, and one of its own; arguments are the limit in bytes and its number or 0."""


def run(place: Path, limit: int, numbers: list[int]) -> list[dict[str, Any]]:
    """Processes that compile at the same moment, each under another seed of hashes; what each of them says."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(limit), str(number)],
            env={**os.environ, "SKLON_CACHE": str(place), "PYTHONHASHSEED": str(seed + 1)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed, number in enumerate(numbers)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


def check_all_whole(place: Path) -> Counter[str]:
    """Every file is an entry that can be used; how many there are of each kind of name."""
    with opened(place) as folder:
        for file in folder.entries():
            key = bytes.fromhex(file.name.removesuffix(".sklon"))
            data = folder.read(key)
            assert data is not None and unpacked(key, data) is not None
    return Counter(path.suffix for path in place.iterdir())


def test_processes_that_want_the_same_programs_leave_each_of_them_once(tmp_path: Path) -> None:
    (alone,) = run(tmp_path / "alone", 10**9, [0])
    place = tmp_path / "cache"
    said = run(place, 10**9, [0] * PROCESSES)
    assert {one["digest"] for one in said} == {alone["digest"]}
    assert check_all_whole(place) == {".sklon": alone["generated"]}
    assert run(place, 10**9, [0]) == [{"digest": alone["digest"], "generated": 0}]


def test_processes_that_make_room_at_the_same_moment_stay_below_the_limit(tmp_path: Path) -> None:
    place, limit = tmp_path / "cache", 10_000
    said = run(place, limit, list(range(1, PROCESSES + 1)))
    assert len({one["digest"] for one in said}) == 1
    check_all_whole(place)
    with opened(place) as folder:
        assert 0 < sum(file.size for file in folder.entries()) <= limit
