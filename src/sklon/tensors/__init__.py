"""Floor 6: tensors. A tensor is a thin handle on a node; computing happens when a value is asked for.

Recording, creation, array functions, gradients of tensors, randomness, and realisation by compiled programs.
"""

from . import indexing, manipulation, products, reductions, sorting
from .tensor import Tensor

__all__ = ["Tensor", "indexing", "manipulation", "products", "reductions", "sorting"]
