"""Derivatives that somebody states: a function keeps its value and gets another way back, or another way ahead.

The value is computed as written; above it stands one composite op for each result, whose derivative asks the rule. The
op is written out as the value before anything is compiled. Both kinds of rule serve both modes: what is linear in a
gradient or in a tangent is transposed by differentiating it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklon._base.errors import AutogradError, InputError
from sklon._base.shapes import Extent
from sklon._base.source import source_line
from sklon.autodiff import added, batched, gradients
from sklon.graph.build import Build
from sklon.graph.node import Composite, Node, Type, apply, walk

from .. import values
from ..functional import detach
from ..history import history
from ..modes import enable_grad
from ..record import wrap
from ..tensor import Tensor
from ..trees import Nesting, nested
from .arguments import Tree, name_of, outputs
from .reverse import matching

Function = Callable[..., Any]


def stop_gradient(x: Any) -> Any:
    """The same values, through which no gradient flows: of a tensor, or of all in a tuple, list or dictionary.

    >>> import sklon
    >>> sklon.grad(lambda x: x * sklon.stop_gradient(x))(3.0).item()
    3.0
    """
    tree = Tree.of(x, "what stop_gradient takes")
    return tree.rebuilt([detach(t) for t in tree.tensors])


class Custom:
    """A function of tensors with a derivative of its own; made by :func:`custom_vjp` and :func:`custom_jvp`."""

    #: what a rule is registered with
    word: ClassVar[str]

    def __init__(self, function: Function) -> None:
        if not callable(function):
            raise InputError(f"a custom derivative belongs to a function, not to a {type(function).__name__}")
        self.__wrapped__ = function
        self.__doc__ = function.__doc__
        self.__name__ = name_of(function)
        self._rule: Function | None = None

    def __repr__(self) -> str:
        return f"<{self.__name__} with a custom derivative>"

    def __call__(self, *args: Any) -> Any:
        """The value of the function, whose derivative is the rule's."""
        if self._rule is None:
            raise AutogradError(
                f"{self.__name__} has no derivative yet; register one with @{self.__name__}.{self.word}"
            )
        given = Tree.of(list(args), f"an argument of {self.__name__}")
        if any(part is not None for part in given.parts):
            raise InputError(f"{self.__name__} takes tensors, arrays and numbers; give it the parameters of a module")
        arguments = [t.node for t in given.tensors]  # as they are before the function may write to them
        result = outputs(self.__wrapped__(*given.rebuilt(given.tensors)), self.__name__)
        self._check_arguments(result.tensors, arguments)
        form = Form(self, result.nesting, given.nesting, len(result.tensors))
        inputs = [*(Build().stop_gradient(t.node) for t in result.tensors), *arguments]
        nodes = [apply(Result(i, form), *inputs, source=source_line()) for i in range(form.count)]
        return result.rebuilt([wrap(node, *given.tensors) for node in nodes])

    def _check_arguments(self, results: Sequence[Tensor], arguments: Sequence[Node]) -> None:
        """Refuse a value that rests on a leaf besides the arguments: no gradient would reach it."""
        if any(t.requires_grad for t in results):
            known = history(arguments).leaves
            if any(leaf not in known for leaf in history([t.node for t in results]).leaves):
                raise AutogradError(
                    f"{self.__name__} reads a tensor that requires gradients besides its arguments, and its rule would "
                    "give it none; pass it as an argument, or detach() it"
                )

    @property
    def rule(self) -> Function:
        """The registered rule."""
        assert self._rule is not None
        return self._rule

    def pull(self, seeds: Any, results: Any, arguments: Any) -> Any:
        """The gradient of each argument, nested as it is, given those of the results."""
        raise NotImplementedError(self.word)


class CustomVjp(Custom):
    """A function with a rule for reverse mode."""

    word = "backward"

    def backward(self, rule: Function) -> Function:
        """Register ``rule(g, result, *arguments)``: it returns the gradient of each argument, or None for zero."""
        self._rule = rule
        return rule

    def pull(self, seeds: Any, results: Any, arguments: Any) -> Any:
        """What the rule returns."""
        found = self.rule(seeds, results, *arguments)
        several = list(found) if isinstance(found, tuple) else [found]
        if len(several) != len(arguments):
            raise AutogradError(
                f"the rule of {self.__name__} gives {len(several)} gradients for {len(arguments)} arguments; return a "
                "tuple with one for each, or None in its place"
            )
        return several


class CustomJvp(Custom):
    """A function with a rule for forward mode."""

    word = "forward"

    def forward(self, rule: Function) -> Function:
        """Register ``rule(tangents, result, *arguments)``: it returns the tangent of the result."""
        self._rule = rule
        return rule

    def pull(self, seeds: Any, results: Any, arguments: Any) -> Any:
        """The transpose of what the rule does: its gradient by tangents that nobody knows."""
        given = Tree.of(arguments, "an argument")
        tangents = [Tensor(values.stand_in(t.shape, t.dtype), requires_grad=True) for t in given.tensors]
        moved = self.rule(tuple(given.rebuilt(tangents)), results, *arguments)
        ends = matching(moved, Tree.of(results, "a result"), f"what the rule of {self.__name__} returns,")
        slots = [t.node for t in tangents]
        seeds = zip(ends, Tree.of(seeds, "a gradient").tensors, strict=True)
        found = gradients(added((y.node, g.node) for y, g in seeds), slots)
        if not set(slots).isdisjoint(walk(n for n in found if n is not None)):
            raise AutogradError(f"the rule of {self.__name__} is not linear in the tangents, so it is no derivative")
        return given.rebuilt([None if n is None else Tensor(n, requires_grad=True) for n in found])


def custom_vjp(function: Function) -> CustomVjp:
    """Give a function of tensors the derivative that a rule for reverse mode states.

    ``rule(g, result, *arguments)`` takes the gradient of the result and returns that of each argument: one, or a tuple
    of them; None stands for zero. It is made of operations on tensors, so that it can be differentiated in turn, and
    it serves forward mode too. Arguments are positional: tensors, arrays or numbers, also nested. Raises AutogradError
    where the rule gives too many gradients or too few, ShapeError where one has another shape than its argument.

    >>> import sklon
    >>> @sklon.custom_vjp
    ... def sign(x):
    ...     return sklon.sign(x)
    >>> @sign.backward
    ... def straight_through(g, result, x):
    ...     return g * (sklon.abs(x) <= 1)
    >>> sklon.grad(sign)(0.5).item(), sklon.grad(sign)(2.0).item(), sign(0.5).item()
    (1.0, 0.0, 1.0)
    """
    return CustomVjp(function)


def custom_jvp(function: Function) -> CustomJvp:
    """Give a function of tensors the derivative that a rule for forward mode states.

    ``rule(tangents, result, *arguments)`` takes a tuple with the tangent of each argument and returns that of the
    result. It must be linear in them; then it serves reverse mode too. Raises AutogradError where the rates at which
    it follows them depend on them; what it adds whatever they are is no part of a derivative and is left out.

    >>> import sklon
    >>> @sklon.custom_jvp
    ... def log1pexp(x):
    ...     return sklon.log(1 + sklon.exp(x))
    >>> @log1pexp.forward
    ... def rate(tangents, result, x):
    ...     return tangents[0] * sklon.sigmoid(x)
    >>> sklon.grad(log1pexp)(100.0).item(), sklon.jvp(log1pexp, (0.0,), (2.0,))[1].item()
    (1.0, 1.0)
    """
    return CustomJvp(function)


# ---- in the graph
@dataclass(frozen=True, slots=True)
class Form:
    """What all results of one function share: the function, and how its results and arguments are nested."""

    owner: Custom
    results: Nesting
    arguments: Nesting
    count: int

    def pull(self, seeds: Sequence[Node], results: Sequence[Node], arguments: Sequence[Node]) -> list[Node | None]:
        """The gradient of each tensor of the arguments, given those of all results, by the function's rule."""
        given = nested([_handle(n) for n in arguments], self.arguments)
        seed, result = (nested([_handle(n) for n in nodes], self.results) for nodes in (seeds, results))
        with enable_grad():
            return _fitted(self.owner.pull(seed, result, given), given, self.owner.__name__)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The same for many samples at once; ``lifted`` says which arguments have samples."""

    form: Form | Mapped
    lifted: tuple[bool, ...]

    @property
    def count(self) -> int:
        """The number of results."""
        return self.form.count

    def pull(self, seeds: Sequence[Node], results: Sequence[Node], arguments: Sequence[Node]) -> list[Node | None]:
        """The gradient of each sample; of what all samples share, the sum of all."""
        many = [*seeds, *results, *(x for x, own in zip(arguments, self.lifted, strict=True) if own)]
        stands = {n: values.stand_in(n.shape[1:], n.dtype) for n in many}
        one = [[stands.get(n, n) for n in nodes] for nodes in (seeds, results, arguments)]
        found = self.form.pull(*one)
        lifted = iter(batched([g for g in found if g is not None], {stand: n for n, stand in stands.items()}))
        return [
            None if g is None else _of_all(g, next(lifted), own, seeds[0].shape[0])
            for g, own in zip(found, self.lifted, strict=True)
        ]


def _of_all(one: Node, many: Node | None, own: bool, samples: Extent) -> Node:
    """The gradients of all samples, or of what they share their sum."""
    build = Build(one.source)
    each = build.repeated(one, samples) if many is None else many
    return each if own else build.reduce(each, fn="sum", axes=(0,))


@dataclass(frozen=True)
class Result(Composite):
    """One result of a function with a derivative of its own. Inputs: the values of all results, then the arguments."""

    name: ClassVar[str] = "custom"
    index: int
    form: Form | Mapped

    def infer(self, *inputs: Type) -> Type:
        return inputs[self.index]

    def evaluate(self, rows: int, *inputs: Any) -> Any:
        return inputs[self.index]

    def written_out(self, build: Build, node: Node) -> Node:
        """The value alone."""
        return node.inputs[self.index]

    def vjp(self, build: Build, node: Node, g: Node) -> Sequence[Node | None]:
        form = self.form
        known, given = node.inputs[: form.count], node.inputs[form.count :]
        results = [node if i == self.index else apply(Result(i, form), *node.inputs) for i in range(form.count)]
        seeds = [g if i == self.index else build.full_like(0.0, v) for i, v in enumerate(known)]
        return (*[None] * form.count, *form.pull(seeds, results, given))

    def batched(self, build: Build, node: Node, lifted: Sequence[Node | None]) -> Node:
        count = self.form.count
        samples = next(x.shape[0] for x in lifted if x is not None)
        known = [build.repeated(i, samples) if x is None else x for i, x in zip(node.inputs, lifted, strict=True)][
            :count
        ]
        given = [i if x is None else x for i, x in zip(node.inputs, lifted, strict=True)][count:]
        form = Mapped(self.form, tuple(x is not None for x in lifted[count:]))
        return apply(Result(self.index, form), *known, *given, source=node.source)


def _handle(node: Node) -> Tensor:
    """A tensor for a rule: a result, so that what is computed meanwhile cuts no path."""
    return Tensor(node, requires_grad=node.dtype.is_floating)


def _fitted(found: Any, arguments: Any, name: str) -> list[Node | None]:
    """The gradients as nodes of the shapes and types of the arguments' tensors."""
    nodes: list[Node | None] = []
    for gradient, argument in zip(found, arguments, strict=True):
        like = Tree.of(argument, "an argument")
        if gradient is None:
            nodes += [None] * len(like.tensors)
        else:
            nodes += [t.node for t in matching(gradient, like, f"a gradient that the rule of {name} returns,")]
    return nodes
