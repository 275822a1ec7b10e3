"""Names of optimizers: one for each rule, and the same here as in settings."""

from __future__ import annotations

import pytest

import sklon
from sklon._base.errors import InputError
from sklon.optim import RULES
from sklon.optim.named import OPTIMIZERS, rule_of, settings_of
from tests.optim.rows import ROWS


def test_every_rule_has_an_optimizer_of_its_name() -> None:
    assert OPTIMIZERS.keys() == {*RULES, "lbfgs"}
    for name, row in ROWS.items():
        assert OPTIMIZERS[name] is row.optimizer


@pytest.mark.parametrize("name", RULES)
def test_a_name_means_the_same_rule_and_optimizer(name: str) -> None:
    weight = sklon.ones(2, 2, requires_grad=True)
    optimizer = OPTIMIZERS[name]([weight], **settings_of(name, 0.02))
    assert optimizer.rule_of(optimizer.param_groups[0]) == rule_of(name, 0.02)


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="there is no optimizer called 'lbfgs'; use one of sgd, adam"):
        rule_of("lbfgs", None)
    with pytest.raises(InputError, match="the learning rate belongs to the rule"):
        rule_of(rule_of("sgd", None), 0.1)
