"""The gradient and the Hessian of a subject by reverse mode through our graph; the Hessian by going back twice.

What is asked is what training asks: ``sklon.autograd.grad``. Where an op has a convention, such as relu′(0) = 0,
it is in these numbers. Shapes: at, gradient [n]; Hessian [n, n].
"""

from __future__ import annotations

import numpy as np

from sklon.tensors import Tensor
from sklon.tensors.autograd import grad
from sklon.tensors.creation import tensor

from ..subject import Array, Subject


def gradient(subject: Subject, at: Array) -> Array:
    """∇f(at).

    >>> from sklon.calculus.subject import subject_of
    >>> gradient(*subject_of(lambda x, y: x * x + x * y, (1.0, 2.0))).tolist()
    [4.0, 1.0]
    """
    x = tensor(at, requires_grad=True)
    return _found(subject.function(x), x)


def hessian(subject: Subject, at: Array) -> Array:
    """∂²f/∂xᵢ∂xⱼ(at): the gradient of each element of the gradient.

    >>> from sklon.calculus.subject import subject_of
    >>> hessian(*subject_of(lambda x, y: x * x + x * y, (1.0, 2.0))).tolist()
    [[2.0, 1.0], [1.0, 0.0]]
    """
    x = tensor(at, requires_grad=True)
    result = subject.function(x)
    if not result.requires_grad:
        return np.zeros((len(at), len(at)))
    (first,) = grad(result, x, create_graph=True, materialize_grads=True)
    assert first is not None
    return np.stack([_found(first[i], x) for i in range(len(at))])


def _found(result: Tensor, x: Tensor) -> Array:
    """The gradient of a scalar by x; zeros where it does not depend on x."""
    if not result.requires_grad:
        return np.zeros(x.shape)
    (found,) = grad(result, x, retain_graph=True, materialize_grads=True)
    assert found is not None
    return np.asarray(found.numpy(), np.float64)
