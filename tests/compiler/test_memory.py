"""Working memory while code runs: whether buffers share bytes changes no bit of a result."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings

from sklon.compiler import executable, module
from sklon.compiler.executable import Executable, compile_graph
from sklon.program.ir import Program
from sklon.program.memory import Arena, Memory, place
from sklon.program.verify_memory import verify_memory
from tests.executors import Trial, compiled, same_bits
from tests.random_steps import trials


def apart(program: Program) -> Memory:
    """A plan in which no bytes are shared."""

    def laid_out(arena: Arena) -> Arena:
        starts = accumulate((s.room for s in arena.spans), initial=0)
        return Arena(tuple(replace(s, offset=at) for s, at in zip(arena.spans, starts, strict=False)))

    memory = place(program)
    return replace(memory, scratch=laid_out(memory.scratch), local=laid_out(memory.local))


def without_sharing(trial: Trial) -> Executable:
    with pytest.MonkeyPatch.context() as patch:
        for user in (module, executable):  # the code and who runs it must agree
            patch.setattr(user, "place", apart)
        return compile_graph(trial.graph, trial.max_rows)


@settings(max_examples=60)
@given(trials())
def test_sharing_changes_no_bit(trial: Trial) -> None:
    plain, shared = without_sharing(trial), compile_graph(trial.graph, trial.max_rows)
    verify_memory(plain.program, plain.memory)
    assert plain.memory.scratch_bytes == shared.memory.scratch.apart
    same_bits(compiled(trial, plain), compiled(trial, shared, threads=3), "buffers that share bytes")
