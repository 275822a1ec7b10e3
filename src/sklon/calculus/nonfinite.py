"""Where NaN and infinity begin: the first op that makes them of finite numbers, forward or backward.

The recorded graph is evaluated node by node, as compiled code computes it; then its gradients are. What is not finite
is followed down from the result to an op whose inputs are finite. Rows of a table say why, and how to repair it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from sklon._base.errors import InputError
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Node, walk
from sklon.graph.nonfinite import at_fault, reached
from sklon.tensors import Tensor
from sklon.tensors.history import history, was_watched

from .recording import Array, Recording, check_tensor, recording_of

Phase: TypeAlias = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The first op that made NaN or infinity of finite numbers.

    ``phase`` is "forward" or "backward"; ``op`` is the forward op, empty where the value was given so. ``inputs`` are
    its inputs at the element ``index``, where there are such; ``bad`` of ``size`` elements are not finite. ``line`` is
    the user's, ``layer`` the path of the module where it is known.
    """

    op: str
    phase: Phase
    value: str
    index: tuple[int, ...]
    bad: int
    size: int
    inputs: tuple[float, ...] = ()
    line: str = ""
    layer: str = ""
    why: str = ""
    repair: str = ""

    @property
    def sentence(self) -> str:
        """What happened, where, and one repair."""
        why = f": {self.why}" if self.why else ""
        repair = f". {self.repair}" if self.repair else ""
        return f"{self._what} {'gave' if self.op else 'is'} {self.value}{self._share}{why}{repair}"

    def __str__(self) -> str:
        return self.sentence

    @property
    def _what(self) -> str:
        if not self.op:
            return "a number that was given, of the data or a parameter,"
        called = f"{self.op}({', '.join(f'{x:.6g}' for x in self.inputs)})" if self.inputs else self.op
        layer = f" in layer {self.layer!r}" if self.layer else ""
        line = f" ({self.line})" if self.line else ""
        return f"{'the backward pass of ' if self.phase == 'backward' else ''}{called}{layer}{line}"

    @property
    def _share(self) -> str:
        if self.size == 1:
            return ""
        at = f", first at [{', '.join(map(str, self.index))}]"
        return f" for {self.bad} of {self.size} elements{at}"


def find_nonfinite(result: Tensor, *, backward: bool = True) -> Origin | None:
    """Where the first NaN or infinity of ``result``, or else of its gradients, was made; None if all are finite.

    ``result`` is a loss, or any tensor with its history: call it before ``result.backward()``, or with
    ``retain_graph=True``. Infinities that were given (a mask of −∞) are no fault, what makes NaN of them is. Forward
    values that are not finite and do not reach the result are found where they spoil a gradient: ``where`` does not
    choose them, but 0·∞ is NaN on the way back. ``backward=False`` leaves the gradients out. Raises InputError for a
    tensor without a history, or one inside a training step.

    >>> import sklon
    >>> x = sklon.tensor([4.0, 0.0], requires_grad=True)
    >>> origin = find_nonfinite(x.sqrt().sum())
    >>> origin.phase, origin.op, origin.value, origin.index
    ('backward', 'sqrt', 'inf', (1,))
    """
    check_tensor("find_nonfinite looks at", result)
    recording = recording_of(result)
    if not recording.result.inputs:
        raise InputError("this tensor has no history; look before backward() gives it up, or pass retain_graph=True")
    known = history((result.node,))
    leaves = [n for n in known.nodes if n in recording.leaves and (n in known.leaves or was_watched(n))]
    return origin_of(recording, leaves if backward and result.dtype.is_floating else ())


def origin_of(recording: Recording, leaves: Sequence[Node]) -> Origin | None:
    """Where the first NaN or infinity of a recorded result, or else of its gradients by ``leaves``, was made."""
    values = recording.values()
    node = _guilty([recording.result], values, recording.order)
    if node is not None:
        return _origin(recording, node, values, on_the_way_back=False)
    seed = Build().full_like(1.0, recording.result)
    found = [g for g in gradients({recording.result: seed}, leaves) if g is not None]
    values = recording.values(recording.result, *found)
    node = _guilty(found, values, walk((recording.result, *found)))
    return None if node is None else _origin(recording, node, values, on_the_way_back=True)


def _guilty(roots: Iterable[Node], values: Mapping[Node, Array], order: Iterable[Node]) -> Node | None:
    return at_fault(reached(dict.fromkeys(roots, ""), values), values, order)


def _origin(recording: Recording, node: Node, values: Mapping[Node, Array], *, on_the_way_back: bool) -> Origin:
    bad = ~np.isfinite(values[node])
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    forward = recording.forward_of(node)
    phase: Phase = "forward" if node in recording.copies.values() else "backward"
    inputs = _inputs(forward, values, index, bad.shape)
    line, layer = recording.line_and_layer(node)
    row = _row(forward.op.name, phase, inputs)
    masked = on_the_way_back and _is_chosen_from(recording, forward)
    return Origin(
        op=_word(forward) if node.inputs else "",
        phase=phase,
        value=str(float(values[node][index])),
        index=index,
        bad=int(bad.sum()),
        size=bad.size,
        inputs=inputs,
        line=line,
        layer=layer,
        why=row.why if row else "",
        repair=CHOSEN.format(op=_word(forward)) if masked else row.repair if row else "",
    )


def _inputs(
    node: Node, values: Mapping[Node, Array], index: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[float, ...]:
    """The inputs of a point op at an element."""
    if node.op.kind != "point" or any(values[i].shape != shape for i in node.inputs if i in values):
        return ()
    return tuple(float(values[i][index]) for i in node.inputs if i in values)


def _is_chosen_from(recording: Recording, node: Node) -> bool:
    """Whether a ``where`` chooses between a value that was computed from ``node`` and another one."""
    above = {node}
    for reader in recording.order:
        if reader.op.name == "where" and any(i in above for i in reader.inputs[1:]):
            return True
        if any(i in above for i in reader.inputs):
            above.add(reader)
    return False


def _word(node: Node) -> str:
    """What users call an op."""
    return "the product of matrices" if node.op.name == "contract" else str(getattr(node.op, "fn", node.op.name))


# ---- why, and what to do
@dataclass(frozen=True, slots=True)
class _Row:
    """One way to lose a number: an op with inputs for which a condition holds."""

    op: str
    phase: Phase
    holds: Callable[..., bool]
    why: str
    repair: str


#: where a value that ``where`` does not choose is differentiated
CHOSEN = (
    "where() does not choose this value, but its gradient is multiplied by 0, and 0·∞ is NaN: choose a harmless "
    "argument first, as in {op}(where(ok, x, 1))"
)
_ABOVE_0 = "Keep the argument above 0, as in (x + 1e-12).{op}(), or clip it"
_LOGITS = (
    "Use log_softmax, logsumexp or a loss that takes logits, which subtract the maximum first, or clip the argument"
)
_DIVISOR = "Keep the divisor away from 0, as in a / (b + 1e-12), or choose where it is 0 before you divide"
ROWS = (
    _Row("log", "forward", lambda x: x == 0, "ln 0 is −∞", _ABOVE_0.format(op="log")),
    _Row("log", "forward", lambda x: x < 0, "ln of a negative number is no real number", _ABOVE_0.format(op="log")),
    _Row("log", "backward", lambda x: x == 0, "the slope 1/x of ln has a pole at 0", _ABOVE_0.format(op="log")),
    _Row("log1p", "forward", lambda x: x <= -1, "ln(1 + x) needs x above −1", "Clip the argument"),
    _Row(
        "sqrt", "forward", lambda x: x < 0, "the root of a negative number is no real number", "Clip the argument at 0"
    ),
    _Row("sqrt", "backward", lambda x: x == 0, "the slope of √x at 0 is ∞", _ABOVE_0.format(op="sqrt")),
    _Row("div", "forward", lambda x, y: x == 0 == y, "0/0 is no number", _DIVISOR),
    _Row("div", "forward", lambda x, y: y == 0, "the divisor is 0", _DIVISOR),
    _Row("div", "backward", lambda x, y: y == 0, "the divisor is 0", _DIVISOR),
    _Row("exp", "forward", lambda x: x > 0, "eˣ overflows (above 88.7 in float32, 709.7 in float64)", _LOGITS),
    _Row("exp", "backward", lambda x: x > 0, "eˣ overflows (above 88.7 in float32, 709.7 in float64)", _LOGITS),
    _Row("pow", "forward", lambda x, y: x == 0, "0 to a negative power is ∞", _DIVISOR),
    _Row(
        "pow", "forward", lambda x, y: x < 0, "a negative number has no fractional power", "Take abs() first, or clip"
    ),
    _Row("pow", "backward", lambda x, y: x == 0, "the slope of xʸ at 0 is ∞ for y below 1", _ABOVE_0.format(op="pow")),
    _Row("asin", "forward", lambda x: abs(x) > 1, "arcsin needs −1 ≤ x ≤ 1", "Clip the argument"),
    _Row("acos", "forward", lambda x: abs(x) > 1, "arccos needs −1 ≤ x ≤ 1", "Clip the argument"),
    _Row("asin", "backward", lambda x: abs(x) == 1, "the slope of arcsin at ±1 is ∞", "Clip the argument inside of ±1"),
    _Row(
        "acos", "backward", lambda x: abs(x) == 1, "the slope of arccos at ±1 is −∞", "Clip the argument inside of ±1"
    ),
    _Row("hypot", "backward", lambda x, y: x == 0 == y, "√(x² + y²) has a kink at 0", "Keep it away from 0"),
)
"""Ways to lose a number, of which the first whose condition holds is told."""
#: what to do about a product, a sum or a power that has outgrown its type
_OVERFLOW = "The numbers outgrow their type: scale the data, lower the learning rate, or compute in float64"


def _row(op: str, phase: Phase, inputs: tuple[float, ...]) -> _Row | None:
    for row in ROWS:
        if (row.op, row.phase) == (op, phase) and inputs and row.holds(*inputs):
            return row
    return (
        _Row(op, phase, lambda *_: True, "", _OVERFLOW) if op in ("mul", "add", "sub", "reduce", "contract") else None
    )
