"""Settings as users write them, turned into what a run needs: a loss, rules by parameter, rows of a batch."""

from __future__ import annotations

from sklon._base.errors import InputError
from sklon.nn import Loss, Module
from sklon.nn.loss import LOSSES
from sklon.optim import RULES, Optimizer, Rule

#: rows of a batch that is chosen automatically: about 64 steps an epoch, within these bounds
SMALLEST_BATCH, LARGEST_BATCH, STEPS_AN_EPOCH = 32, 256, 64


def loss_of(loss: str | Loss) -> Loss:
    """A loss, or the one of this name."""
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise InputError(f"there is no loss called {loss!r}; use one of {', '.join(LOSSES)}")
    return LOSSES[loss]()


def rules_of(model: Module, optimizer: str | Rule | Optimizer, lr: float | None) -> dict[str, tuple[str, Rule]]:
    """The group and the rule of each parameter, by name."""
    names = {id(p): name for name, p in model.named_parameters()}
    if isinstance(optimizer, Optimizer):
        if lr is not None:
            raise InputError("the learning rate belongs to the optimizer; leave out lr")
        return _rules_of_groups(names, optimizer)
    if isinstance(optimizer, str):
        if optimizer not in RULES:
            raise InputError(f"there is no optimizer called {optimizer!r}; use one of {', '.join(RULES)}")
        make = RULES[optimizer]
        optimizer = make() if lr is None else make(lr=lr)
    return {name: ("group0", optimizer) for name in names.values()}


def _rules_of_groups(names: dict[int, str], optimizer: Optimizer) -> dict[str, tuple[str, Rule]]:
    rules: dict[str, tuple[str, Rule]] = {}
    for i, group in enumerate(optimizer.param_groups):
        rule = optimizer.rule_of(group)
        rules.update({names[id(p)]: (f"group{i}", rule) for p in group["params"] if id(p) in names})
    return rules


def batch_rows(batch_size: int | str, rows: int) -> int:
    """The rows of a step."""
    if batch_size == "full":
        return rows
    if batch_size == "auto":
        power = 1 << max(1, rows // STEPS_AN_EPOCH).bit_length() - 1
        return min(rows, LARGEST_BATCH, max(SMALLEST_BATCH, power))
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        raise InputError(f'batch_size must be a whole number of at least 1, "full" or "auto", not {batch_size!r}')
    return min(batch_size, rows)
