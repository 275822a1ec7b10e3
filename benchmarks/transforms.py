"""Transforms of functions beside those of PyTorch and JAX: what a call costs once everything is recorded or compiled.

python -m benchmarks.transforms [--rounds 7]

Gradients of 256 samples, products with a Hessian and a Jacobian, of a network 32-64-64-1 with tanh in float32, and the
Hessian of a function of 30 variables in float64, at 1 and at 100 points. All run on one thread and take turns in one
process; printed are medians, and their ratio to the fastest other. PyTorch and JAX are left out where they are absent.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

import sklon

WIDTHS, ROWS, VARIABLES, POINTS = (32, 64, 64, 1), 256, 30, 100
#: how long a turn lasts, in seconds
TURN = 0.2
Case = Callable[[Any, Callable[[Any], Any]], Callable[[], Any]]


def _parameters(tensor: Callable[[Any], Any]) -> list[Any]:
    random = np.random.default_rng(0)
    sizes = pairwise(WIDTHS)
    return [tensor((random.standard_normal(size) / np.sqrt(size[0])).astype(np.float32)) for size in sizes]


def _data(tensor: Callable[[Any], Any]) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    x = random.standard_normal((ROWS, WIDTHS[0])).astype(np.float32)
    return tensor(x), tensor(x[:, :1].copy())


def _loss(lib: Any) -> Callable[..., Any]:
    def loss(weights: Any, x: Any, y: Any) -> Any:
        first, second, last = weights
        return ((lib.tanh(lib.tanh(x @ first) @ second) @ last - y) ** 2).mean()

    return loss


def _rosenbrock(x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def _of_samples(lib: Any, tensor: Callable[[Any], Any]) -> Callable[[], Any]:
    call = lib.jit(lib.vmap(lib.grad(_loss(lib)), (None, 0, 0)))
    weights, (x, y) = _parameters(tensor), _data(tensor)
    return lambda: call(weights, x, y)


def _hessian_product(lib: Any, tensor: Callable[[Any], Any]) -> Callable[[], Any]:
    slope = lib.grad(_loss(lib))
    weights, (x, y) = _parameters(tensor), _data(tensor)
    call = lib.jit(lambda w, v, x, y: lib.jvp(lambda w: slope(w, x, y), (w,), (v,))[1])
    return lambda: call(weights, weights, x, y)


def _jacobian_product(lib: Any, tensor: Callable[[Any], Any]) -> Callable[[], Any]:
    loss = _loss(lib)
    weights, (x, y) = _parameters(tensor), _data(tensor)
    call = lib.jit(lambda w, v, x, y: lib.jvp(lambda w: loss(w, x, y), (w,), (v,))[1])
    return lambda: call(weights, weights, x, y)


def _hessian(lib: Any, tensor: Callable[[Any], Any]) -> Callable[[], Any]:
    call, x = lib.jit(lib.hessian(_rosenbrock)), tensor(np.linspace(-1, 1, VARIABLES))
    return lambda: call(x)


def _hessians(lib: Any, tensor: Callable[[Any], Any]) -> Callable[[], Any]:
    points = tensor(np.random.default_rng(0).standard_normal((POINTS, VARIABLES)))
    call = lib.jit(lib.vmap(lib.hessian(_rosenbrock)))
    return lambda: call(points)


CASES: dict[str, Case] = {
    f"gradients of {ROWS} samples": _of_samples,
    "Hv of the network's loss": _hessian_product,
    "Jv of the network's loss": _jacobian_product,
    f"Hessian of {VARIABLES} variables": _hessian,
    f"the same at {POINTS} points": _hessians,
}


class _PyTorch:
    """``torch.func`` under these names; it runs operation by operation."""

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.grad, self.jvp, self.vmap, self.hessian = (
            getattr(torch.func, n) for n in ("grad", "jvp", "vmap", "hessian")
        )
        self.tanh, self.tensor = torch.tanh, torch.from_numpy

    def jit(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function


class _JAX:
    """JAX under these names."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self.grad, self.jvp, self.vmap, self.hessian = jax.grad, jax.jvp, jax.vmap, jax.hessian
        self.tanh, self.tensor = jax.numpy.tanh, jax.numpy.asarray

    def jit(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import jax

        compiled = jax.jit(function)
        return lambda *arguments: jax.block_until_ready(compiled(*arguments))


def _libraries() -> dict[str, tuple[Any, Callable[[Any], Any]]]:
    found: dict[str, tuple[Any, Callable[[Any], Any]]] = {"sklon": (sklon, sklon.tensor)}
    for name, module, made in (("PyTorch", "torch", _PyTorch), ("JAX", "jax", _JAX)):
        if find_spec(module) is None:
            print(f"{name} is not installed: there is nothing to compare with")
        else:
            library = made()
            found[name] = library, library.tensor
    return found


def _turn(call: Callable[[], Any]) -> float:
    """Seconds for each call in a turn."""
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < TURN:
        call()
        calls += 1
    return (time.perf_counter() - start) / calls


def main() -> None:
    """Let all take turns, and print what a call took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    sklon.set_num_threads(1)
    libraries = _libraries()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, 1 thread")
    for title, case in CASES.items():
        calls = {name: case(*library) for name, library in libraries.items()}
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(asked.rounds + 1):
            for name, call in calls.items():
                took = _turn(call)
                if number:  # the first turn records and compiles
                    seconds[name].append(took)
        own, others = median(seconds["sklon"]), [median(t) for n, t in seconds.items() if n != "sklon"]
        told = "  ".join(f"{name} {median(took) * 1e6:9.1f} µs" for name, took in seconds.items())
        print(f"  {title:26} {told}" + (f"  the fastest other / sklon {min(others) / own:5.2f}" if others else ""))


if __name__ == "__main__":
    main()
