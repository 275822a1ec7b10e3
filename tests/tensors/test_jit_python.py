"""What Python keeps and changes beside tensors: a jitted function sees it, or says that it does not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import sklon
from sklon import Tensor, nn, optim
from sklon._base.errors import InputError
from sklon.nn import functional as F
from sklon.tensors.modes import seeded as seeded_from

from .jitted import FEATURES, batches, equal

Change = Callable[[int, nn.Module, optim.Optimizer], object]
Make = Callable[[nn.Module, optim.Optimizer], Callable[[Tensor, Tensor], Any]]


def _plain(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    def step(x: Tensor, y: Tensor) -> Tensor:
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def _alike(make: Make, change: Change = lambda *_: None, calls: int = 6) -> int:
    """Jitted, the step does what it does eagerly; how often it is recorded."""
    found, recordings = [], 0
    for wrapped in (lambda f: f, sklon.jit):
        sklon.manual_seed(0)
        model = nn.Sequential(nn.Linear(FEATURES, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = optim.Adam(model.parameters(), lr=0.05)
        function: Any = wrapped(make(model, optimizer))
        results = []
        for i, (x, y) in zip(range(calls), batches(), strict=False):
            change(i, model, optimizer)
            result = function(x, y)
            results.append(result.item() if isinstance(result, Tensor) else result)
        found.append([results, model.state_dict(), optimizer.state_dict()])
        recordings = getattr(function, "recordings", 0)
    assert equal(*found)
    return recordings


# ---- slots, hooks, settings of optimizers
def test_a_slot_at_the_address_of_a_dead_tensor_is_state() -> None:
    def make(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
        def step(x: Tensor, y: Tensor) -> Tensor:
            dead = [sklon.zeros(3) for _ in range(50)]
            for tensor in dead:
                tensor.add_(1)
            loss = F.mse_loss(model(x), y)
            loss.backward()
            del dead, tensor
            optimizer.step()
            optimizer.zero_grad()
            return loss

        return step

    assert _alike(make) == 1


def _at(call: int, change: Callable[[nn.Module, optim.Optimizer], object]) -> Change:
    return lambda i, model, optimizer: change(model, optimizer) if i == call else None


def _weight(model: Any) -> Any:
    return model[0].weight


def _replace_slots(model: nn.Module, optimizer: optim.Optimizer) -> None:
    for param, slots in optimizer.state.items():
        slots["exp_avg"] = sklon.tensor(param.numpy() * 0)


def _clear_slots(model: nn.Module, optimizer: optim.Optimizer) -> None:
    for slots in optimizer.state.values():
        slots.clear()


BETWEEN: dict[str, Callable[[nn.Module, optim.Optimizer], object]] = {
    "a hook": lambda model, _: _weight(model).register_hook(lambda grad: grad * 0),
    "a hook on .grad": lambda model, _: _weight(model).register_post_accumulate_grad_hook(lambda p: p.grad.zero_()),
    "replaced slots": _replace_slots,
    "cleared slots": _clear_slots,
}


@pytest.mark.parametrize("name", BETWEEN)
def test_what_happens_between_calls_is_seen(name: str) -> None:
    assert _alike(_plain, _at(2, BETWEEN[name])) == 2


def test_a_removed_hook_is_seen() -> None:
    handles: list[Any] = []

    def change(i: int, model: nn.Module, optimizer: optim.Optimizer) -> None:
        if i == 0:
            handles.append(_weight(model).register_hook(lambda grad: grad * 0))
        if i == 2:
            handles.pop().remove()

    assert _alike(_plain, change) == 2


def test_hooks_that_a_recording_would_lose_are_refused() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    with pytest.raises(InputError, match="registers or removes a hook"):
        sklon.jit(lambda: w.register_hook(lambda grad: grad * 2) and sklon.autograd.grad((w * 2).sum(), w))()
    (w * 3).sum().backward()
    assert w.grad is not None and w.grad.item() == 3.0
    w.register_hook(lambda grad: grad * 2)
    with pytest.raises(InputError, match="has hooks"):
        sklon.jit(lambda x: x * 2)(w)


def _set_inside(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    plain = _plain(model, optimizer)

    def step(x: Tensor, y: Tensor) -> Tensor:
        for group in optimizer.param_groups:
            group["lr"] = 0.01
        return plain(x, y)

    return step


def _decay_inside(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    plain = _plain(model, optimizer)

    def step(x: Tensor, y: Tensor) -> Tensor:
        loss = plain(x, y)
        optimizer.param_groups[0]["lr"] *= 0.5
        return loss

    return step


def _read_inside(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
    plain = _plain(model, optimizer)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 2, 0.5)

    def step(x: Tensor, y: Tensor) -> Tensor:
        rate, (last,) = optimizer.param_groups[0]["lr"], scheduler.get_last_lr()
        loss: Tensor = plain(x, y) * (rate + last)
        scheduler.step()
        return loss

    return step


def test_settings_of_an_optimizer_inside() -> None:
    def reset(i: int, model: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.param_groups[0]["lr"] = 0.5

    assert _alike(_set_inside, reset) == 1
    assert _alike(_decay_inside) == 6
    assert _alike(_read_inside) == 3


def test_a_rate_as_an_argument_is_set_at_each_call() -> None:
    found = []
    for wrapped in (lambda f: f, sklon.jit):
        w = sklon.tensor([1.0], requires_grad=True)
        optimizer = optim.SGD([w], lr=1.0)

        def step(rate: float, w: Tensor = w, optimizer: Any = optimizer) -> None:
            for group in optimizer.param_groups:
                group["lr"] = rate
            (w * w).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

        function: Any = wrapped(step)
        for rate in (0.1, 0.2, 0.1, 0.2):
            function(rate)
            found.append((w.item(), optimizer.param_groups[0]["lr"]))
    assert found[:4] == found[4:]


def test_a_rate_after_the_step_of_a_scheduler_is_refused() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    for read in (scheduler.get_last_lr, lambda: optimizer.param_groups[0]["lr"]):
        with pytest.raises(InputError, match="read it before that step, or outside"):
            sklon.jit(lambda read=read: (scheduler.step(), read())[1])()
    assert scheduler.get_last_lr() == [1.0]


def test_a_plateau_is_told_outside() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optim.SGD([w], lr=1.0))
    with pytest.raises(InputError, match=r"call scheduler\.step\(metric\) outside"):
        sklon.jit(lambda: scheduler.step((w * 2).sum()))()
    assert scheduler.last_epoch == 0


def test_a_scheduler_that_fails_has_let_the_step_happen() -> None:
    w = sklon.tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 if step < 2 else 1 / 0)

    @sklon.jit
    def step() -> None:
        w.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()

    step()
    with pytest.raises(ZeroDivisionError):
        step()
    assert (w.item(), optimizer.steps_of(w)) == (-1.0, 2)


# ---- settings of modules
class Setting(nn.Module):
    """A module whose only part is a setting."""

    def __init__(self, setting: Any) -> None:
        super().__init__()
        self.setting = setting
        self.post = nn.ModuleList()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        factor = self.setting(2.0) if callable(self.setting) else self.setting[0]
        x = self.drop.forward(x * factor)
        for module in self.post:
            x = module(x)
        return x

    @sklon.jit
    def predict(self, x: Tensor) -> Tensor:
        return cast(Tensor, x * self.setting[0])


def _append_factor(module: Setting) -> None:
    module.setting[0] = 5.0


def _rebind(value: Callable[[], Any]) -> Callable[[Setting], None]:
    def change(module: Setting) -> None:
        module.setting = None  # what was there is gone, and its address is free
        module.setting = value()

    return change


SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Setting], object]]] = {
    "a tuple": (lambda: tuple([3.0]), _rebind(lambda: tuple([5.0]))),
    "a function": (lambda: lambda x: x * 3, _rebind(lambda: lambda x: x * 5)),
    "a list": (lambda: [3.0], _append_factor),
    "an appended module": (lambda: [3.0], lambda module: module.post.append(nn.Sigmoid())),
    "a part whose forward is called": (lambda: [3.0], lambda module: module.drop.train()),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_a_module_is_seen(name: str) -> None:
    make, change = SETTINGS[name]
    found = []
    for wrapped in (lambda f: f, sklon.jit):
        module = Setting(make()).eval()
        function: Any = wrapped(module)
        function(sklon.ones(8))
        change(module)
        sklon.manual_seed(3)
        found.append(function(sklon.ones(8)).tolist())
        assert getattr(function, "recordings", 2) == 2
    assert found[0] == found[1]


def test_an_equal_setting_is_none() -> None:
    module = Setting([3.0]).eval()
    function = sklon.jit(module)
    function(sklon.ones(8))
    module.setting = [3.0]
    function(sklon.ones(8))
    assert function.recordings == 1


def test_modules_that_are_not_called_are_watched() -> None:
    module, x = Setting((3.0,)), sklon.ones(1)
    given = sklon.jit(lambda module, x: x * module.setting[0])
    closed = sklon.jit(lambda x: x * module.setting[0])
    for factor in (3.0, 5.0):
        module.setting = (factor,)
        found = [function().item() for function in (
            lambda: module.predict(x), lambda: given(module, x), lambda: closed(x)
        )]  # fmt: skip
        assert found == [factor] * 3


# ---- what Python changes inside
def test_a_tensor_that_is_kept_is_refused_and_nothing_is_changed() -> None:
    kept = {"h": sklon.zeros(2)}

    def keep(x: Tensor) -> Tensor:
        kept["h"] = kept["h"] + x
        return kept["h"]

    with pytest.raises(InputError, match="changed the variable 'kept'"):
        sklon.jit(keep)(sklon.ones(2))

    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = sklon.zeros(2)

        def forward(self, x: Tensor) -> Tensor:
            self.hidden = self.hidden + x
            return self.hidden

    module = Hidden()
    with pytest.raises(InputError, match=r"changed 'hidden' of Hidden.*register_buffer"):
        sklon.jit(module)(sklon.ones(2))
    assert module.hidden.tolist() == [0.0, 0.0]
    assert module(sklon.ones(2)).tolist() == [1.0, 1.0]


def test_numbers_that_python_changes_are_right_and_slow() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            return x * self.calls

    counting, seen, total = sklon.jit(Counting()), [0], 0

    @sklon.jit
    def listed(x: Tensor) -> Tensor:
        nonlocal total
        total += 1
        seen.append(seen[-1] + 1)
        return x * seen[-1] + total

    for name, function, factor in (("'calls' of Counting", counting, 1), ("'seen'.*'total'", listed, 2)):
        assert function(sklon.ones(1)).item() == factor
        for i in (2, 3):
            with pytest.warns(UserWarning, match=f"recorded anew at each call.*{name}"):
                assert function(sklon.ones(1)).item() == factor * i


def test_what_is_made_once_is_recorded_twice() -> None:
    class Lazy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table: Tensor | None = None

        def forward(self, x: Tensor) -> Tensor:
            if self.table is None:
                self.table = sklon.arange(3.0)
            return (x + self.table).relu()

    lazy = Lazy()
    function = sklon.jit(lazy)
    found = [function(sklon.ones(3)).tolist() for _ in range(4)]
    assert found == [lazy(sklon.ones(3)).tolist()] * 4
    assert function.recordings == 2


def test_what_is_kept_anew_at_each_call_is_right() -> None:
    kept: dict[str, Tensor] = {}

    def add(x: Tensor) -> Tensor:
        kept["sum"] = sklon.zeros(2)
        kept["sum"] += x
        return kept["sum"] * 2

    function = sklon.jit(add)
    assert function(sklon.ones(2)).tolist() == [2.0, 2.0]
    with pytest.warns(UserWarning, match="recorded anew"):
        assert function(sklon.ones(2)).tolist() == [2.0, 2.0]
    assert kept["sum"].tolist() == [1.0, 1.0]


def test_variables_of_a_function_are_watched() -> None:
    factor, weight = 2.0, sklon.ones(1)

    def helper(x: Tensor) -> Tensor:
        return x * factor

    function = sklon.jit(lambda x: helper(x) * weight)
    assert function(sklon.ones(1)).item() == 2.0
    factor = 3.0
    assert function(sklon.ones(1)).item() == 3.0
    weight = sklon.full((1,), 5.0)
    assert function(sklon.ones(1)).item() == 15.0
    factor = float("3")
    assert function(sklon.ones(1)).item() == 15.0
    assert function.recordings == 3


def test_switching_modes_inside() -> None:
    def make(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
        plain, drop = _plain(model, optimizer), nn.Dropout(0.5)

        def step(x: Tensor, y: Tensor) -> Tensor:
            drop.train()
            loss = plain(drop(x), y)
            drop.eval()
            return loss + F.mse_loss(model(drop(x)), y)

        return step

    assert _alike(make) == 2


# ---- random numbers
def test_seeds_inside_count_at_each_call() -> None:
    outside = seeded_from(4)

    def seeded(x: Tensor) -> Tensor:
        first = F.dropout(x, 0.5) + sklon.rand(4)
        with seeded_from(7):
            second = F.dropout(x, 0.5) + sklon.rand(4)
        with outside:
            third = F.dropout(x, 0.5) + sklon.rand(4)
        sklon.manual_seed(5)
        return sklon.stack([first, second, third, F.dropout(x, 0.5) + sklon.rand(4)])

    found = []
    for function in (sklon.jit(seeded), seeded):
        outside = seeded_from(4)
        sklon.manual_seed(2)
        found.append([function(sklon.ones(4)).tolist() for _ in range(3)] + [sklon.rand(1).tolist()])
    assert found[0] == found[1]


# ---- arguments
def test_one_tensor_in_several_places_is_one_tensor() -> None:
    def both(a: Tensor, b: Tensor) -> Tensor:
        a.add_(1)
        return b * 1

    function = sklon.jit(both)
    for wrapped in (function, both):
        x, y = sklon.zeros(2), sklon.zeros(2)
        assert wrapped(x, x).tolist() == [1.0, 1.0]
        assert wrapped(x, y).tolist() == [0.0, 0.0]
        assert x.tolist() == [2.0, 2.0]
    assert function.recordings == 2


def test_an_argument_that_is_read_from_elsewhere_too_is_refused() -> None:
    w = sklon.ones(2, requires_grad=True)
    slope = sklon.jit(lambda p: sklon.autograd.grad((p * w).sum(), [w])[0])
    found = slope(sklon.full((2,), 3.0).requires_grad_())
    assert found is not None and found.tolist() == [3.0, 3.0]
    with pytest.raises(InputError, match="pass it, or leave it to the function, not both"):
        slope(w)


def test_zeros_of_either_sign_are_two_arguments() -> None:
    function = sklon.jit(lambda x, factor: x * factor)
    found = [np.signbit(function(sklon.ones(1), factor).numpy()).item() for factor in (0.0, -0.0)]
    assert found == [False, True]


def test_results_whose_tensors_nobody_finds_are_refused() -> None:
    with pytest.raises(InputError, match="returns a generator"):
        sklon.jit(lambda x: (x[i] for i in range(2)))(sklon.ones(2))


def test_a_dead_module_is_let_go() -> None:
    module = Setting((3.0,))
    predict = sklon.jit(module)
    predict(sklon.ones(1))
    known = weakref.ref(module)
    del module, predict
    gc.collect()
    assert known() is None


def test_one_result_in_two_places_is_one_tensor() -> None:
    def twice(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        y = x * 2
        return y, y, y + 0

    a, b, c = sklon.jit(twice)(sklon.ones(1))
    assert a is b
    assert a is not c


def test_numpy_is_seen_where_it_is_small() -> None:
    random, factors = np.random.default_rng(0), np.ones(2, np.float32)
    drawn = sklon.jit(lambda x: x * float(random.random()))
    expected = np.random.default_rng(0)
    assert drawn(sklon.ones(1)).item() == np.float32(expected.random())
    with pytest.warns(UserWarning, match="changes the variable 'random'"):
        assert drawn(sklon.ones(1)).item() == np.float32(expected.random())
    scaled = sklon.jit(lambda x: x * sklon.tensor(factors))
    scaled(sklon.ones(2))
    factors[1] = 5.0
    assert scaled(sklon.ones(2)).tolist() == [1.0, 5.0]


def test_variables_of_decorated_functions_and_of_forward() -> None:
    factor = 2.0

    @sklon.jit
    @sklon.no_grad()
    def scaled(x: Tensor) -> Tensor:
        return x * factor

    class Scale(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * factor

    module = sklon.jit(Scale())
    for value in (2.0, 3.0):
        factor = value
        assert scaled(sklon.ones(1)).item() == module(sklon.ones(1)).item() == factor
