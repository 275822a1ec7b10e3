"""The work of a loop against counts by hand."""

from __future__ import annotations

from sklon.program.text import parse_program
from sklon.program.work import NONE, work_of

from .example import SOUND

PROGRAM = """\
program max_rows=200 scalars=0
buffer %0 = 'x' state f32[10,9] strides=(9, 1) panel=0
buffer %1 = 'w' state f32[3,3] strides=(3, 1) panel=0
buffer %2 = 'y' output f32[8,7] strides=(7, 1) panel=0
buffer %3 = 'd' output f32[9] strides=(1,) panel=0
phase
  track 8 block=8
    loop reduce [8,7] over [3,3]
      0: load %0[0+2,1+3]
      1: load %1[2,3]
      2: apply mul{} 0 1
      3: accumulate sum 2
      4: apply add{} 3 3
      5: apply relu{} 4
      6: store %2[0,1] 5
  track 9 block=9
    loop map [9] over []
      0: load %0[0,0]
      1: load %0[0,0]
      2: apply mul{} 0 1
      3: store %3[0] 2
"""


def test_a_window_reads_its_image_once_and_a_diagonal_is_no_square() -> None:
    program = parse_program(PROGRAM)
    window, diagonal = (work_of(program, loop, 0) for loop in program.loops())
    assert window.flops == 8 * 7 * (3 * 3 * (1 + 1) + 2)  # multiply and sum for each term, then two for each result
    assert (window.read, window.written) == (4 * (10 * 9 + 3 * 3), 4 * 8 * 7)
    assert (diagonal.flops, diagonal.read, diagonal.written) == (9, 4 * 9, 4 * 9)


def test_rows_that_are_gathered_products_and_shards() -> None:
    program = parse_program(SOUND)
    rows = 100
    gather, copy, product, sums, *_ = (work_of(program, loop, rows) for loop in program.loops())
    assert (gather.flops, gather.read, gather.written) == (0, 4 * rows + 4 * rows * 8, 4 * rows * 8)
    assert (copy.flops, copy.read, copy.written) == (0, 4 * 64, 4 * 64)
    assert product.flops == 2 * rows * 8 * 8 + rows * 8 * 1  # and relu for each result
    assert (product.read, product.written) == (4 * (rows * 8 + 8 * 8), 4 * rows * 8)
    assert sums.flops == 2 * rows * 8  # a square and a sum for each element, whatever the shards
    assert (sums.read, sums.written) == (4 * rows * 8, 4 * 2)
    total = gather + copy + NONE
    assert total.bytes == gather.bytes + copy.bytes
