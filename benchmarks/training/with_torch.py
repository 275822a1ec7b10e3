"""The cases in PyTorch: its fused optimizers, rows of one tensor by index, eagerly or with a compiled forward pass."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from .cases import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Case

MODES = ("eager", "compile")


def train(case: Case, mode: str, threads: int, tick: Callable[[], bool]) -> None:
    """Train until ``tick``, called after every epoch, says no."""
    import torch

    torch.set_num_threads(threads)
    given = case.data()
    X, y = torch.from_numpy(given[0]), torch.from_numpy(given[1])
    layers: list[Any] = []
    for i, (before, after) in enumerate(pairwise(case.widths)):
        layers.append(torch.nn.Linear(before, after))
        if i < len(case.widths) - 2:
            layers += [torch.nn.BatchNorm1d(after)] if case.normal else []
            layers += [torch.nn.ReLU(), *([torch.nn.Dropout(case.dropout)] if case.dropout else [])]
    model = torch.nn.Sequential(*layers)
    parameters = list(model.parameters())
    optimizers: dict[str, Callable[[], Any]] = {
        "sgd": lambda: torch.optim.SGD(parameters, lr=LEARNING_RATE, fused=True),
        "momentum": lambda: torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=MOMENTUM, fused=True),
        "adam": lambda: torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True),
        "adamw": lambda: torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True),
    }
    optimizer = optimizers[case.optimizer]()
    target = y.float().unsqueeze(1) if case.loss == "binary" else y.long()
    functional = torch.nn.functional
    loss = functional.binary_cross_entropy_with_logits if case.loss == "binary" else functional.cross_entropy

    def forward(rows: Any) -> Any:
        return loss(model(X[rows]), target[rows])

    loss_of = torch.compile(forward) if mode == "compile" else forward
    more = True
    while more:
        for rows in torch.randperm(case.rows).split(case.batch):
            optimizer.zero_grad()
            loss_of(rows).backward()
            optimizer.step()
        more = tick()
