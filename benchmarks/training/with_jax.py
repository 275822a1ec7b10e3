"""The cases in JAX: a step by ``jit``, or an epoch by ``lax.scan``, with shuffling and gathering inside."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .cases import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Case

MODES = ("jit", "scan")
BETAS, EPS, NORM_EPS, NORM_MOMENTUM = (0.9, 0.999), 1e-8, 1e-5, 0.1


def train(case: Case, mode: str, threads: int, tick: Callable[[], bool]) -> None:
    """Train until ``tick``, called after every epoch, says no."""
    import jax
    from jax import numpy as jnp

    X, y = map(jnp.asarray, case.data())
    step = _step(jax, case, X, y)

    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, case.rows).reshape(case.steps, case.batch)
        return jax.lax.scan(lambda s, rows: (step(s, rows), None), state, order)[0]

    one, whole, shuffle = (
        jax.jit(step, donate_argnums=0),
        jax.jit(epoch, donate_argnums=0),
        jax.jit(lambda key: jax.random.permutation(key, case.rows).reshape(case.steps, case.batch)),
    )
    state, key, more = _start(jax, case), jax.random.key(1), True
    while more:
        key, now = jax.random.split(key)
        if mode == "scan":
            state = whole(state, now)
        else:
            for rows in shuffle(now):
                state = one(state, rows)
        jax.block_until_ready(state)
        more = tick()


def _start(jax: Any, case: Case) -> Any:
    from jax import numpy as jnp

    keys = jax.random.split(jax.random.key(0), len(case.widths))
    layers = []
    for i, (before, after) in enumerate(pairwise(case.widths)):
        layer = {"w": jax.random.normal(keys[i], (before, after)) * (2 / before) ** 0.5, "b": jnp.zeros(after)}
        if case.normal and i < len(case.widths) - 2:
            layer |= {"scale": jnp.ones(after), "shift": jnp.zeros(after)}
        layers.append(layer)
    running = [(jnp.zeros(n), jnp.ones(n)) for n in case.widths[1:-1]] if case.normal else []
    zeros = jax.tree.map(jnp.zeros_like, layers)
    return {"layers": layers, "m": zeros, "v": jax.tree.map(jnp.zeros_like, layers), "t": 0, "running": running}


def _step(jax: Any, case: Case, X: Any, y: Any) -> Callable[[Any, Any], Any]:
    from jax import numpy as jnp

    def loss(layers: Any, running: Any, rows: Any, key: Any) -> Any:
        h, moved = X[rows], []
        for i, layer in enumerate(layers):
            h = h @ layer["w"] + layer["b"]
            if i == len(layers) - 1:
                break
            if case.normal:
                mean, variance = h.mean(0), h.var(0)
                h = (h - mean) / jnp.sqrt(variance + NORM_EPS) * layer["scale"] + layer["shift"]
                unbiased = variance * case.batch / max(1, case.batch - 1)
                old = running[i]
                moved.append(tuple(o + NORM_MOMENTUM * (n - o) for o, n in zip(old, (mean, unbiased), strict=True)))
            h = jax.nn.relu(h)
            if case.dropout:
                kept = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - case.dropout, h.shape)
                h = jnp.where(kept, h / (1 - case.dropout), 0)
        if case.loss == "binary":
            z, target = h[:, 0], y[rows]
            return (jnp.maximum(z, 0) - z * target + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean(), moved
        return -jnp.take_along_axis(jax.nn.log_softmax(h), y[rows][:, None], 1).mean(), moved

    def step(state: Any, rows: Any) -> Any:
        t = state["t"] + 1
        key = jax.random.fold_in(jax.random.key(2), t)
        grads, running = jax.grad(loss, has_aux=True)(state["layers"], state["running"], rows, key)
        layers, m, v = _updated(jax, case, state, grads, t)
        return {"layers": layers, "m": m, "v": v, "t": t, "running": running}

    return step


def _updated(jax: Any, case: Case, state: Any, grads: Any, t: Any) -> tuple[Any, Any, Any]:
    from jax import numpy as jnp

    layers, m, v, lr = state["layers"], state["m"], state["v"], LEARNING_RATE
    if case.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - lr * g, layers, grads), m, v
    if case.optimizer == "momentum":
        m = jax.tree.map(lambda b, g: MOMENTUM * b + g, m, grads)
        return jax.tree.map(lambda p, b: p - lr * b, layers, m), m, v
    first, second = BETAS
    m = jax.tree.map(lambda a, g: first * a + (1 - first) * g, m, grads)
    v = jax.tree.map(lambda a, g: second * a + (1 - second) * g * g, v, grads)
    decay = WEIGHT_DECAY if case.optimizer == "adamw" else 0.0
    size, root = lr / (1 - first**t), jnp.sqrt(1 - second**t)

    def moved(p: Any, a: Any, b: Any) -> Any:
        return p * (1 - lr * decay) - size * a / (jnp.sqrt(b) / root + EPS)

    return jax.tree.map(moved, layers, m, v), m, v
