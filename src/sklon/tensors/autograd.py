"""Gradients of tensors: ``backward``, ``grad`` and ``.grad``, with PyTorch's rules.

Only leaves get a ``.grad``; it adds up until cleared; None is not zero; a second backward over a history that was
given up is an error that says so. Gradients are ordinary nodes: with ``create_graph`` they have a history too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sklon._base.errors import AutogradError, ShapeError
from sklon.autodiff import gradients
from sklon.graph.build import Build
from sklon.graph.node import Node, walk

from . import hooks as hooking
from . import tracing, values
from .history import History, history, leaf_of
from .history import watch as watch
from .modes import GradientMode
from .tensor import Tensor


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradients of ``tensors`` to ``.grad`` of the leaves below, or of ``inputs`` alone.

    ``grad_tensors`` weighs them, in their shapes. The history is given up unless ``retain_graph`` or ``create_graph``.
    """
    results, wanted = _several(tensors), None if inputs is None else _several(inputs)
    seeds = _seeds(grad_tensors, results)
    if seeds == [None] and wanted is None and not (retain_graph or create_graph) and _follow(results[0]):
        return
    if wanted is not None:
        _check_inputs(wanted)
    sweep = _Sweep.of(results, seeds, create_graph, wanted)
    targets = sweep.history.tensors() if wanted is None else wanted
    _check_none_stands_in(targets)
    _finish_adding(targets, results)
    for tensor, gradient in zip(targets, sweep.gradients(targets), strict=True):
        if gradient is not None:
            _accumulate(tensor, gradient, create_graph)
    sweep.finish(retain_graph)


def _follow(result: Tensor) -> bool:
    """Go the way back from a loss as it was gone before; whether there is one."""
    found = ways.find(result) if result.requires_grad and result.numel() == 1 else None
    if found is None:
        return False
    targets = found.targets
    _finish_adding(targets, [result])
    for tensor, gradient in zip(targets, found.gradients(), strict=True):
        _accumulate(tensor, gradient, create_graph=False)
    found.give_up()
    return True


def _check_none_stands_in(targets: Sequence[Tensor]) -> None:
    """Refuse a parameter that stands for an alias meanwhile: its gradient would be counted for both."""
    if any((leaf := leaf_of(t._node)) is not None and leaf is not t for t in targets):
        raise AutogradError(
            "backward() runs inside a function that is differentiated by a module; return the loss, and let "
            "sklon.grad find the gradients"
        )


def _finish_adding(targets: list[Tensor], results: list[Tensor]) -> None:
    """Compute what former passes left to add up, so that their program is the same each time."""
    if any(t._grad is not None and not values.is_known(t._grad._node) for t in targets):
        realise.realise(results)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Σ ∂outputs/∂input for each input, weighted by ``grad_outputs``; ``.grad`` stays as it is.

    ``create_graph`` gives the gradients a history of their own. An input that was not used is an error, None with
    ``allow_unused``, zeros with ``materialize_grads``.

    >>> import sklon
    >>> x = sklon.tensor([3.0], requires_grad=True)
    >>> (slope,) = sklon.autograd.grad((x**3).sum(), x, create_graph=True)
    >>> (curvature,) = sklon.autograd.grad(slope.sum(), x)
    >>> slope.tolist(), curvature.tolist()
    ([27.0], [18.0])
    """
    results, wanted = _several(outputs), _several(inputs)
    _check_inputs(wanted)
    sweep = _Sweep.of(results, _seeds(grad_outputs, results), create_graph, wanted)
    found = [None if g is None else _as_tensor(g, create_graph) for g in sweep.gradients(wanted)]
    sweep.finish(retain_graph)
    if materialize_grads:
        return tuple(g if g is not None else Tensor(_like(0.0, t)) for g, t in zip(found, wanted, strict=True))
    unused = [i for i, gradient in enumerate(found) if gradient is None]
    if unused and not allow_unused:
        raise AutogradError(
            f"input {unused[0]} was not used to compute the outputs; pass allow_unused=True to get None for it"
        )
    return tuple(found)


# ---- one sweep
@dataclass(frozen=True, slots=True)
class _Sweep:
    """One way back from results, with what it passes."""

    seeds: dict[Node, Node]
    history: History
    create_graph: bool

    @staticmethod
    def of(
        results: Sequence[Tensor],
        seeds: Sequence[Tensor | None],
        create_graph: bool,
        inputs: Sequence[Tensor] | None,
    ) -> _Sweep:
        """The sweep from ``results``, checked."""
        if any(not r.requires_grad for r in results):
            raise AutogradError(
                "this tensor does not require gradients and was not computed from one that does; create a leaf with "
                "requires_grad=True, and compute outside no_grad"
            )
        roots: dict[Node, Node] = {}
        for result, seed in zip(results, seeds, strict=True):
            node = _seed(result, seed)
            roots[result._node] = Build().add(roots[result._node], node) if result._node in roots else node
        passed = history(roots, None if inputs is None else [i._node for i in inputs])
        if passed.given_up():
            raise AutogradError(
                "backward() ran over this history before and gave it up; pass retain_graph=True the first time"
            )
        return _Sweep(roots, passed, create_graph)

    def gradients(self, targets: Sequence[Tensor]) -> list[Node | None]:
        """The gradient of each target: the sum over all values that it had."""
        nodes = [(t, n) for t in targets for n in {t._node: None, **self.history.nodes_of(t)}]
        with GradientMode(self.create_graph):
            found = gradients(self.seeds, [n for _, n in nodes], self._hooks())
        total: dict[int, Node] = {}
        for (target, _), node in zip(nodes, found, strict=True):
            if node is not None:
                total[id(target)] = Build().add(total[id(target)], node) if id(target) in total else node
        return [total.get(id(t)) for t in targets]

    def _hooks(self) -> dict[Node, Callable[[Node], Node]]:
        return {node: self._runner(h) for node, h in self._hooked()}

    def _hooked(self) -> Iterator[tuple[Node, hooking.Hooks]]:
        for node, tensor in self.history.leaves.items():
            if tensor._hooks is not None and node in self.history.passed:
                yield node, tensor._hooks
        for node in self.history.passed if hooking.of_results else ():
            if node in hooking.of_results and node not in self.history.leaves:
                yield node, hooking.of_results[node]

    def _runner(self, hooks: hooking.Hooks) -> Callable[[Node], Node]:
        def run(node: Node) -> Node:
            gradient = hooking.run(hooks, _as_tensor(node, self.create_graph))
            holder = hooks.retained() if hooks.retained is not None else None
            if holder is not None:
                _accumulate(holder, gradient._node, self.create_graph)
            return gradient._node

        return run

    def finish(self, retain_graph: bool | None) -> None:
        """Give the history up, unless it is wanted again."""
        if not (self.create_graph if retain_graph is None else retain_graph):
            self.history.give_up()


def hooks_of_results(seeds: dict[Node, Node]) -> dict[Node, Callable[[Node], Node]]:
    """The hooks of results below ``seeds``, for a pass whose gradients have a history."""
    if not hooking.of_results:
        return {}
    sweep = _Sweep(seeds, History([], {}, {}), create_graph=True)
    return {node: sweep._runner(hooking.of_results[node]) for node in walk(seeds) if node in hooking.of_results}


def _seed(result: Tensor, gradient: Tensor | None) -> Node:
    if gradient is not None:
        if not isinstance(gradient, Tensor):
            raise TypeError(f"a gradient is a Tensor or None, not a {type(gradient).__name__}; use sklon.tensor(...)")
        if gradient.shape != result.shape:
            raise ShapeError(f"the gradient has the shape {gradient.shape}, the tensor {result.shape}")
        node = gradient.node
        return node if node.dtype is result.dtype else Build().cast(node, dtype=result.dtype)
    if result.numel() != 1:
        raise AutogradError(
            f"backward() of a tensor of shape {result.shape} needs a gradient of that shape; or reduce it, "
            "for instance with .sum()"
        )
    return _like(1.0, result)


def _like(value: float, tensor: Tensor) -> Node:
    return Build().full_like(value, tensor._node)


def _check_inputs(inputs: Sequence[Tensor]) -> None:
    if not inputs:
        raise AutogradError("inputs is empty; name the tensors whose gradients are wanted, or leave it out")
    if any(not t.requires_grad for t in inputs):
        raise AutogradError("one of the inputs does not require gradients; create it with requires_grad=True")


def _several(given: Tensor | Sequence[Tensor]) -> list[Tensor]:
    several = [given] if isinstance(given, Tensor) else list(given)
    trace = tracing.current()
    if trace is not None:
        for tensor in several:
            trace.touch(tensor)
    return several


def _seeds(given: Tensor | Sequence[Tensor | None] | None, results: list[Tensor]) -> list[Tensor | None]:
    if given is None:
        return [None] * len(results)
    seeds: list[Tensor | None] = [given] if isinstance(given, Tensor) else list(given)
    if len(seeds) != len(results):
        raise AutogradError(f"{len(results)} results need as many gradients, not {len(seeds)}; None stands for one")
    return seeds


def _as_tensor(node: Node, create_graph: bool) -> Tensor:
    """A gradient as users see it: with a history only if that was asked for."""
    if create_graph:
        return Tensor(node, requires_grad=bool(history((node,)).leaves))
    return Tensor(node if node.op.kind == "part" else Build().stop_gradient(node))


def _accumulate(tensor: Tensor, node: Node, create_graph: bool) -> None:
    """Add to ``.grad``: in place, unless the sum shall have a history."""
    trace = tracing.current()
    if trace is not None:
        trace.touch_grad(tensor, "read")
    new = _as_tensor(node, create_graph)
    old = tensor._grad
    if old is None:
        tensor._grad = new
    elif create_graph:
        tensor._grad = Tensor(Build().add(old._node, node), requires_grad=old.requires_grad or new.requires_grad)
    else:
        old._adopt(Build().add(old._node, new._node))
    if tensor._hooks is not None:
        for hook in list(tensor._hooks.on_accumulated.values()):
            hook(tensor)


# ---- what realisation asks
def saved_for_backward(result: Tensor) -> list[Node]:
    """The nodes of the history that a backward pass from ``result`` would read."""
    if not result.requires_grad or result.shape or result.is_leaf or values.is_freed(result._node):
        return []
    found = ways.find(result)
    if found is not None:
        return found.saved()
    past = history((result._node,))
    known = set(past.nodes)
    leading = gradients({result._node: _like(1.0, result)}, list(past.leaves))
    read: dict[Node, None] = {}
    for node in walk(n for n in leading if n is not None):
        if node not in known:
            read.update((i, None) for i in node.inputs if i in known and i.op.kind in ways.WORTH_SAVING)
    return list(read)


from . import realise, ways  # noqa: E402  realise asks for what backward reads
