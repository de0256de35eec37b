"""The one similarity: training, search, reranking and benchmarks all compare vectors with this function."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from textsearch.types import FloatArray

if TYPE_CHECKING:
    from torch import Tensor


@overload
def similarity(first: FloatArray, second: FloatArray) -> FloatArray: ...
@overload
def similarity(first: Tensor, second: Tensor) -> Tensor: ...
def similarity(first, second):  # type: ignore[no-untyped-def]
    """Compare every vector of `first` (N, D) with every one of `second` (M, D), both of unit length.

    Works on numpy arrays and on torch tensors, with gradients.

    Returns:
        (N, M) cosines in [-1, 1].
    """
    return first @ second.T
