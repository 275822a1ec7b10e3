"""What the machine code looks like, read as assembly: no tile spills a vector register, no instruction is too new.

Arm's code cannot run here; it is generated, and what it is made of is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import given, settings

from benchmarks.networks import DEEP, LARGE, SMALL, Perceptron
from sklon import manual_seed, nn
from sklon._base.dtypes import float32, float64, int32
from sklon.compiler import native
from sklon.compiler.module import emit_module
from sklon.compiler.pipeline import Settings, compile_program
from sklon.compiler.target import Target
from sklon.graph.node import Graph
from sklon.optim import AdamWRule
from sklon.training.step import Columns, record_training
from tests.executors import Trial
from tests.random_steps import trials

from .targets import NARROWER, NEON, narrower

#: a sum that ends after its first term, where what is loaded before the loop instead of in it costs nothing
ONE_TERM = "%moreL = icmp slt i64 %kLn, 1\n"
#: without fused multiply-add a tile needs registers for its products, so the narrowest machine is let off
UNSPILLED = (native.host(), *(narrower(n) for n in NARROWER if n == "avx2"), *NEON)
#: a vector register that goes to the stack or comes back, in the words of LLVM's comments
SPILL = re.compile(r"(\b[xyz]mm\d+|\bq\d+).*(Spill|Reload)")


def normalized() -> Graph:
    """A step of 100-256-256-256-10 with batch normalization, dropout and AdamW."""
    manual_seed(0)
    layers: list[nn.Module] = []
    for into, out in pairwise((100, 256, 256, 256)):
        layers += [nn.Linear(into, out), nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.1)]
    model = nn.Sequential(*layers, nn.Linear(256, 10))
    rules = {name: ("group0", AdamWRule(lr=1e-3)) for name, _ in model.named_parameters()}
    return record_training(model, nn.CrossEntropyLoss(), rules, Columns((((100,), float32),), ((), int32)))


@dataclass(frozen=True, slots=True)
class Step:
    """A training step, the rows of its batch, and how many different tiles its products have at least."""

    name: str
    graph: Callable[[], Graph]
    rows: int
    tiles: int = 5

    def __str__(self) -> str:
        return self.name


def perceptron(network: Perceptron, rows: int, tiles: int = 5) -> Step:
    """A step of one of the benchmark's networks."""
    return Step(f"{network}, {rows} rows", network.graph, rows, tiles)


STEPS = (
    perceptron(SMALL, 64),
    perceptron(SMALL, 4096),
    perceptron(LARGE, 128),
    perceptron(DEEP, 64),
    perceptron(replace(SMALL, dtype=float64), 64),
    perceptron(replace(LARGE, dtype=float64), 128),
    perceptron(Perceptron((784, 128, 10), "classes", "sgd"), 1, 1),
    perceptron(Perceptron((100, 1), "binary", "sgd"), 100_000, 1),
    Step("normalized", normalized, 256),
)


@cache
def machine_code(step: Step, target: Target) -> tuple[str, dict[str, str]]:
    """The assembly of a step, and that of its functions of register tiles."""
    module = emit_module(compile_program(step.graph(), Settings(step.rows, target)), target)
    functions = re.findall(r"define internal void @(\w+)\([^)]*i64 %m, i64 %n(.*?)^}", module.text, re.M | re.S)
    tiles = {name for name, body in functions if ONE_TERM not in body}
    text = native.assembly(module.text, target)
    bodies = re.findall(r"^(\w+):.*?\n(.*?)^\.Lfunc_end", text, re.M | re.S)
    return text, {name: body for name, body in bodies if name in tiles}


@pytest.mark.parametrize(
    ("step", "target"),
    [pytest.param(s, t, id=f"{s} on {t.name}") for s, t in product(STEPS, UNSPILLED)],
)
def test_no_tile_spills_a_vector_register(step: Step, target: Target) -> None:
    _, tiles = machine_code(step, target)
    assert len(tiles) >= step.tiles
    for tile, body in tiles.items():
        spilled = [line for line in body.splitlines() if SPILL.search(line)]
        assert spilled == [], f"{tile} of {step} spills {len(spilled)} times"


def test_a_tile_that_is_too_large_is_seen_to_spill() -> None:
    """More accumulators than registers: what the test above looks for is what LLVM writes."""
    crowded = [replace(t, registers=32) for t in (narrower("avx2"),)] if "avx2" in NARROWER else []
    for target in (*crowded, replace(NEON[0], vector_bytes=32)):
        _, tiles = machine_code(STEPS[0], target)
        assert any(SPILL.search(line) for body in tiles.values() for line in body.splitlines())


@pytest.mark.parametrize("name", NARROWER)
def test_narrower_machines_get_no_wider_instruction(name: str) -> None:
    text, _ = machine_code(STEPS[0], narrower(name))
    absent = {"avx2": ("%zmm",), "sse2": ("%zmm", "%ymm", "vfmadd")}[name]
    assert "%xmm" in text and not any(word in text for word in absent)


# ---- Arm
@pytest.mark.parametrize("target", NEON, ids=lambda t: t.name)
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_arms_tiles_multiply_and_add_at_once(step: Step, target: Target) -> None:
    """One instruction for four or two lanes of a term, whose other factor is one lane of a register for all."""
    module = emit_module(compile_program(step.graph(), Settings(step.rows, target)), target)
    assert "x86" not in module.text
    text, tiles = machine_code(step, target)
    fused = re.compile(r"fmla\s+v\d+\.(4s|2d), v\d+\.(4s|2d), v\d+\.")
    assert all(fused.search(body) for body in tiles.values())
    assert not re.search(r"\bfmul\s+v.*\n\s*fadd\s+v", "".join(tiles.values()))
    assert re.search(r"fmla.*v\d+\.[sd]\[\d\]|ld1r\s+\{", text)


@pytest.mark.parametrize("target", NEON, ids=lambda t: t.name)
def test_arms_subnormals_are_flushed_while_a_program_runs(target: Target) -> None:
    text, _ = machine_code(STEPS[0], target)
    run = re.findall(r"^run:.*?\n(.*?)^\.Lfunc_end", text, re.M | re.S)[0].lower()
    assert run.count("mrs") == 1 and len(re.findall(r"msr\s+fpcr", run)) == 2


@settings(max_examples=20)
@given(trials())
def test_any_graph_becomes_arms_code(trial: Trial) -> None:
    target = NEON[0]
    module = emit_module(compile_program(trial.graph, Settings(trial.max_rows, target)), target)
    assert "fmov" in native.assembly(module.text, target)
