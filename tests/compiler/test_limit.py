"""A limit of memory: it is met by recomputing, to the same bits, or refused with the least that is needed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import sklon
from sklon import Trainer, nn, show_program
from sklon._base.errors import InputError
from sklon.compiler import native, pipeline
from sklon.compiler.cache import compiled as cached
from sklon.compiler.executable import Executable, compile_graph
from sklon.compiler.limit import Build, Limit, choices, ways
from sklon.compiler.passes.fuse import Fusion
from sklon.compiler.passes.recompute import FORWARD, Choice
from sklon.compiler.pipeline import Settings, compile_program
from sklon.graph.node import Graph
from sklon.program.cost import flops
from sklon.program.ir import Program
from sklon.program.memory import place
from sklon.program.verify import verify_program
from sklon.program.verify_memory import verify_memory
from sklon.tensors.modes import seeded
from sklon.training.step import columns_of, record_training
from tests.executors import Trial, agree, interpreted, programmed
from tests.random_steps import trials

Array = np.ndarray[Any, Any]
CLASSES = 10


def all_ways(graph: Graph, max_rows: int) -> list[Program]:
    """The plain program of a graph and all that recompute."""
    found: list[Program] = []

    def every(final: Graph, fusion: Fusion, limit: Limit, build: Build) -> Program:
        found.extend(ways(final, fusion, build))
        return found[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "within", every)
        compile_program(graph, Settings(max_rows, native.host(), Limit(1, 1)))
    return found


def needed(program: Program) -> int:
    """The bytes of a program on one thread."""
    return place(program).bytes(1)


# ---- any graph
@settings(max_examples=60)
@given(trials())
def test_programs_that_recompute_agree(trial: Trial) -> None:
    (_, loss), *others = trial.graph.outputs
    trial = replace(trial, graph=Graph(((FORWARD, loss), *others), trial.graph.updates))
    expected = interpreted(trial)
    for program in all_ways(trial.graph, trial.max_rows):
        verify_program(program)
        verify_memory(program, place(program))
        agree(programmed(trial, program), expected, 1e-10, "a program that recomputes")


# ---- deep networks
def plain(width: int) -> list[nn.Module]:
    return [nn.Linear(width, width), nn.ReLU()]


def normal(width: int) -> list[nn.Module]:
    return [nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.1)]


def layered(width: int) -> list[nn.Module]:
    return [nn.Linear(width, width), nn.LayerNorm(width), nn.Tanh()]


class Residual(nn.Module):
    """x + tanh(Wx)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)

    def forward(self, x: Any) -> Any:
        return x + self.inner(x).tanh()


def residual(width: int) -> list[nn.Module]:
    return [Residual(width)]


BLOCKS = {block.__name__: block for block in (plain, normal, layered, residual)}


def deep(block: str, layers: int, width: int) -> nn.Sequential:
    """A network of equal blocks."""
    inner = [m for _ in range(layers - 1) for m in BLOCKS[block](width)]
    return nn.Sequential(*inner, nn.Linear(width, CLASSES))


def data(rows: int, width: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    return rng.standard_normal((rows, width)).astype(np.float32), rng.integers(0, CLASSES, rows)


def step(block: str, layers: int, width: int = 16) -> Graph:
    """The graph of a training step."""
    trainer = Trainer(deep(block, layers, width), loss="cross_entropy", optimizer="adam")
    X, y = data(2, width)
    return record_training(trainer.model, trainer.loss, trainer.rules, columns_of((X,), y), trainer.options)


@pytest.mark.parametrize(("block", "layers", "share"), [("plain", 40, 0.4), ("normal", 12, 0.5)])
def test_deep_networks_take_a_fraction(block: str, layers: int, share: float) -> None:
    """4096 rows, 64 units: fewer activations than layers, and the weight gradients of few layers at a time."""
    graph = step(block, layers, width=64)
    free = needed(compile_program(graph, Settings(4096, native.host())))
    limit = Limit(int(share * free), 1)
    assert needed(compile_program(graph, Settings(4096, native.host(), limit))) <= limit.bytes < free


def test_what_is_cheap_is_recomputed_first() -> None:
    """With statistics and products kept, no product is computed twice; work grows with each further way."""
    programs = all_ways(step("normal", layers=8, width=64), 1024)
    work = [flops(p, 1024) for p in programs]
    contracts = [sum(loop.kind == "contract" for loop in p.loops()) for p in programs]
    first = next(i for i, p in enumerate(programs) if needed(p) < needed(programs[0]))
    assert contracts[first] == contracts[0] < contracts[-1]
    assert needed(programs[first]) < 0.7 * needed(programs[0])
    assert all(a <= 1.01 * b for a, b in pairwise(work)) and work[-1] < 2 * work[0]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, []),
        (1, [(1, 0), (1, 1)]),
        (9, [(1, 0), (1, 1), (2, 0), (2, 2), (2, 1), (4, 0), (4, 4), (4, 1)]),
    ],
)
def test_choices(length: int, expected: list[tuple[int, int]]) -> None:
    assert list(choices(length)) == [Choice(keep=keep, apart=apart) for keep, apart in expected]


# ---- the limit
def test_a_limit_that_the_plain_program_keeps_changes_nothing() -> None:
    graph = step("normal", layers=4)
    free = compile_program(graph, Settings(128, native.host()))
    assert compile_program(graph, Settings(128, native.host(), Limit(needed(free), 1))) == free
    assert compile_program(graph, Settings(128, native.host(), Limit(needed(free) - 1, 1))) != free


def test_threads_count() -> None:
    graph = step("normal", layers=4)
    memory = place(compile_program(graph, Settings(128, native.host())))
    enough = Limit(memory.bytes(4), 4)
    assert place(compile_program(graph, Settings(128, native.host(), enough))) == memory
    assert place(compile_program(graph, Settings(128, native.host(), replace(enough, threads=5)))) != memory


def test_an_impossible_limit_tells_the_least_and_the_repair() -> None:
    graph = step("plain", layers=6)
    least = min(needed(p) for p in all_ways(graph, 1024))
    assert compile_program(graph, Settings(1024, native.host(), Limit(least, 1)))
    with pytest.raises(InputError, match=rf"at least {least:,} bytes .* is {least - 1:,} .* micro_batch_size"):
        compile_program(graph, Settings(1024, native.host(), Limit(least - 1, 1)))


def test_programs_within_other_limits_are_other_programs() -> None:
    graph = step("normal", layers=4)
    free = cached(graph, 128)
    assert isinstance(free, Executable)
    assert cached(graph, 128) is free
    assert cached(graph, 128, Limit(free.memory.bytes(1) - 1, 1)) is not free


# ---- the setting
@pytest.fixture
def one_thread() -> Iterator[None]:
    sklon.set_num_threads(1)
    yield
    sklon.set_num_threads(None)


def trained(block: str, memory_limit: int | str | None, **fit: Any) -> list[Array]:
    """Losses and parameters after two epochs of two steps; each step must keep to its limit."""
    with seeded(7):
        model = deep(block, layers=6, width=16)
    trainer = Trainer(model, loss="cross_entropy", seed=2, memory_limit=memory_limit)
    history = trainer.fit(data(300, 16), epochs=2, batch_size=150, **fit)
    return [*(p.numpy() for p in model.parameters()), np.array(history.curve("train_loss"))]


@pytest.mark.parametrize("block", BLOCKS)
def test_training_within_any_limit_is_the_same_training(block: str, one_thread: None) -> None:
    expected, bounds = trained(block, None), {needed(p) for p in all_ways(step(block, layers=6), 150)}
    assert len(bounds) > 3
    for bound in sorted(bounds):
        found = trained(block, bound)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(found, expected, strict=True)), bound


def test_forty_layers_train_to_the_same_bits_in_a_fraction(one_thread: None) -> None:
    rows, layers, width = 4096, 40, 64
    free = needed(compile_program(step("plain", layers, width), Settings(rows, native.host())))

    def one_step(memory_limit: int | None) -> list[Array]:
        with seeded(7):
            model = deep("plain", layers, width)
        trainer = Trainer(model, loss="cross_entropy", optimizer="sgd", memory_limit=memory_limit)
        trainer.fit(data(rows, width), epochs=1, batch_size="full")
        return [p.numpy() for p in model.parameters()]

    assert all(a.tobytes() == b.tobytes() for a, b in zip(one_step(None), one_step(free // 2), strict=True))


@pytest.mark.parametrize("block", ["plain", "normal"])
def test_code_keeps_to_the_limit(block: str) -> None:
    graph = step(block, layers=8, width=64)
    limit = Limit(int(0.7 * needed(compile_program(graph, Settings(1024, native.host())))), 1)
    assert compile_graph(graph, 1024, limit=limit).memory.bytes(1) <= limit.bytes


def test_what_is_shown_is_what_runs(one_thread: None) -> None:
    """Printed before the fit and behind it: the program of the limit."""
    rows, printed = data(300, 64), io.StringIO()
    free = Trainer(deep("plain", layers=6, width=64), loss="cross_entropy")
    plain = show_program(free, rows, batch_size=300, file=printed)
    most = int(0.8 * plain.memory.bytes(1))
    bound = Trainer(free.model, loss="cross_entropy", memory_limit=most)
    before = show_program(bound, rows, batch_size=300, file=printed)
    bound.fit(rows, epochs=1, batch_size=300)
    assert show_program(bound, file=printed).memory == before.memory
    assert before.memory.bytes(1) <= most and len(before.program.phases) > len(plain.program.phases)


def test_micro_batches_help_where_recomputing_does_not(one_thread: None) -> None:
    with pytest.raises(InputError, match="micro_batch_size"):
        trained("normal", "60kB")
    trained("normal", "60kB", micro_batch_size=25)


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "", "many", "12 apples", "1.2.3MB", "-5MB", "0.2B"])
def test_what_is_no_amount_is_refused(limit: Any) -> None:
    with pytest.raises(InputError, match="memory_limit must be a whole number of bytes"):
        Trainer(nn.Linear(1, 1), loss="mse", memory_limit=limit)
