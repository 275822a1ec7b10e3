"""The view of a program: what stands in it are the program's own facts, on a machine that is the same everywhere."""

from __future__ import annotations

import re
from functools import cache

import pytest

from benchmarks.networks import LARGE
from sklon._base.columns import in_bytes, in_flops
from sklon._base.errors import InputError
from sklon._base.shapes import concrete
from sklon.compiler import pipeline
from sklon.compiler.target import Target
from sklon.compiler.view.graphs import changes
from sklon.compiler.view.programs import WIDTH
from sklon.compiler.view.subject import Subject
from sklon.compiler.view.view import ProgramView, measured_view, view_of
from sklon.graph.node import Graph, walk
from sklon.ops.point import Div
from tests.docs.stages import TARGET, step

WIDE = Target("generic", "", "x86_64-unknown-linux-gnu", 64, 32, True)
ROWS = 64


@cache
def tiny() -> ProgramView:
    """The step of docs/architecture.md, 3-4-1."""
    return view_of(Subject(title="a step", graph=step(), max_rows=ROWS), TARGET)


@cache
def large() -> ProgramView:
    """784-512-512-10 with Adam, for vectors of 16 lanes."""
    return view_of(Subject(title="a large step", graph=LARGE.graph(), max_rows=128), WIDE)


def test_every_pass_says_what_it_is_and_what_it_changed() -> None:
    assert [one.name for one in tiny().passes] == [one.name for one in pipeline.PASSES]
    text = tiny().passes_text()
    for one in tiny().passes:
        assert f"{one.name}: {one.doc} " in text and "xact" in one.doc
    before = step()
    for one, (_, graph) in zip(tiny().passes, pipeline.graph_passes(step(), _settings()), strict=True):
        assert one.changes == changes(before, graph)
        before = graph
    busy = [one for one in tiny().passes if one.changes]
    assert 0 < len(busy) < len(tiny().passes)
    for one in busy:
        counts = [len(walk(graph.roots)) for graph in (one.before, one.graph)]
        assert f"{one.name}: {one.doc} {counts[0]} → {counts[1]} nodes\n  {one.changes[:20]}" in text
    assert "empties: Write values without elements, and sums over none, as zeros. Exact. Nothing to do.\n" in text


def _settings() -> pipeline.Settings:
    return pipeline.Settings(ROWS, TARGET)


def test_flops_and_bytes_are_those_counted_by_hand() -> None:
    products = [view for view in tiny().loops if view.tiling]
    x, h, y = ROWS * 3, ROWS * 4, ROWS
    flops = [
        2 * h * 3 + h + h,  # xWᵀ, + b, relu
        2 * y * 4 + 3 * y,  # hwᵀ, − y, its square, the loss's gradient
        2 * h * 1 + 2 * h,  # g·w, ReLU's derivative
        2 * 1 * 4 * ROWS + 3 * 4 + Div.cost,  # gᵀh, then w − lr·(g·(1/N)), where 1/N is one division
        2 * 4 * 3 * ROWS + 3 * 12 + Div.cost,  # gᵀx, the same
    ]
    assert [view.work.flops for view in products] == flops
    assert products[0].work.read == 4 * (x + 3 * 4 + 4) and products[0].work.written == 4 * h
    text = tiny().program_text()
    work = tiny().work
    assert work.flops == sum(flops) + sum(view.work.flops for view in tiny().loops if not view.tiling)
    assert f"work     {in_flops(work.flops)} and {in_bytes(work.bytes)} in a step of 64 rows" in text


def test_buffers_phases_barriers_and_units_are_the_programs() -> None:
    text, program = tiny().program_text(), tiny().program
    assert text.count("\nbarrier\n") == len(program.phases) == 3
    assert re.findall(r"^phase (\d)", text, re.M) == ["0", "1", "2"]
    for number, buffer in enumerate(program.buffers):
        assert re.search(rf"^  %{number} +{re.escape(buffer.name)} ", text, re.M)
    assert re.search(r"%2 +param.0.weight +f32\[4,3\] +48 B\n", text)
    packed = next(b for b in program.buffers if b.panel)
    size = in_bytes(4 * 3 * packed.panel)
    assert re.search(rf"%7 +t7 +f32\[3,4\] +{size} +panels of {packed.panel} columns +phases 0–1 +at [\d,]+\n", text)
    assert re.search(r"threads +1: each further one must save the time of 5 MFLOP\n", text)
    memory = tiny().memory
    for arena, whose in ((memory.scratch, "in all"), (memory.local, "a thread")):
        total = f"; {in_bytes(arena.bytes)} {whose} ({in_bytes(arena.apart)} unshared), 100% in use at once\n"
        assert arena.least == arena.bytes and (total in text or not arena.spans)
        for span in arena.spans:
            assert re.search(rf"^  %{span.number} .* {span.first}(–{span.last})? +at +{span.offset:,}\n", text, re.M)


def test_tiles_layouts_and_shared_kernels_of_a_large_network() -> None:
    text, loops = large().program_text(), large().loops
    assert re.search(r"f32\[784,512\] +1.53 MiB +panels of \d+ columns ", text)
    padded = [b for b in large().program.buffers if len(b.shape) == 2 and b.strides[0] > int(str(b.shape[1]))]
    assert padded
    for buffer in padded:
        how = f"panels of {buffer.panel} columns" if buffer.panel else f"rows padded to {buffer.strides[0]}"
        assert re.search(rf"  %\d+ +{buffer.name} .*{how} ", text)
    for track in (track for phase in large().program.phases for track in phase.tracks):
        (rows,) = concrete((track.extent,), 128)
        count = -(-rows // track.block)
        assert (
            f"{count} units of {track.block} along" if count > 1 else "one unit along"
        ) + f" {track.extent}\n" in text
    for view in loops:
        same = [other for other in loops if other.function == view.function]
        assert view.shared == len(same)
        assert len(same) == 1 or f"{view.function} ×{len(same)}" in text
    forward = next(view for view in loops if view.tiling)
    assert forward.tiling is not None and not forward.tiling.over_terms
    tile = forward.tiling
    assert f"contract [N,512] over [784]  {forward.function} " in text.replace("   ", "  ")
    assert tile.panels * tile.width + tile.rest == 512
    assert f"{tile.heights[0]}×{tile.width} ×{tile.panels}" in text
    narrow = next(view for view in loops if view.tiling and view.loop.outer[-1] == 10)
    assert narrow.tiling is not None and narrow.tiling.over_terms and "over terms" in str(narrow.tiling)


def test_no_line_of_the_program_is_too_long() -> None:
    assert max(map(len, large().program_text().splitlines())) <= WIDTH


def test_parts_can_be_left_out_and_the_value_is_one_line_at_the_prompt() -> None:
    view = tiny()
    assert "passes:" not in view.text(["program"]) and "program\n───────\n" in view.text(["program"])
    assert "\nphase 0" not in view.text(["passes"])
    assert str(view) == view.text()
    assert repr(view) == f"<a step: {len(view.loops)} loops in 3 phases>"


def test_a_change_of_numbers_alone_is_no_change() -> None:
    assert changes(step(), step()) == ""
    fewer = Graph(step().outputs)
    assert all(line.startswith("- ") for line in changes(step(), fewer).splitlines())


def test_what_cannot_run_cannot_be_measured() -> None:
    with pytest.raises(InputError, match="pass the data too"):
        measured_view(Subject(title="a step", graph=step(), max_rows=ROWS))
