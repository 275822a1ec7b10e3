"""Operands of compositions: as tensors of one type and one shape, so that a formula can use each more than once."""

from __future__ import annotations

from sklon._base.dtypes import Dtype
from sklon._base.shapes import broadcast

from ..record import as_node, build, cast, result_dtype, spread, wrap
from ..tensor import Operand, Tensor


def together(*operands: Operand, dtype: Dtype | None = None) -> tuple[Tensor, ...]:
    """The operands as tensors of one shape, and of their common type or of ``dtype``; always new handles."""
    common, b = dtype or result_dtype(*operands), build()
    nodes = [as_node(o, common) for o in operands]
    shape = broadcast(*(n.shape for n in nodes))
    made = (cast(b, spread(b, n, shape), common) for n in nodes)
    return tuple(wrap(n, *_tensors(operand)) for operand, n in zip(operands, made, strict=True))


def real(*operands: Operand) -> tuple[Tensor, ...]:
    """The operands as tensors of one shape and their common floating type, float32 for integers."""
    return together(*operands, dtype=real_dtype(*operands))


def real_dtype(*operands: Operand) -> Dtype:
    """The common type of operands of a function of real numbers."""
    dtype = result_dtype(*operands)
    return dtype if dtype.is_floating else result_dtype(*operands, 1.0)


def _tensors(operand: Operand) -> tuple[Tensor, ...]:
    return (operand,) if isinstance(operand, Tensor) else ()
