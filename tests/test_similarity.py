from __future__ import annotations

import numpy as np
import torch

from textsearch.similarity import similarity


def test_every_pair_is_compared() -> None:
    first = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    second = np.array([[1, 0], [0.6, 0.8]], np.float32)
    np.testing.assert_allclose(similarity(first, second), [[1, 0.6], [0, 0.8], [-1, -0.6]])


def test_none_on_either_side() -> None:
    some, none = np.ones((3, 2), np.float32), np.ones((0, 2), np.float32)
    assert similarity(some, none).shape == (3, 0)
    assert similarity(none, some).shape == (0, 3)


def test_numpy_and_torch_agree_and_gradients_flow() -> None:
    generator = np.random.default_rng(1)
    first, second = (generator.normal(size=(count, 8)).astype(np.float32) for count in (4, 5))
    tensor = torch.from_numpy(first).requires_grad_()
    cosines = similarity(tensor, torch.from_numpy(second))
    np.testing.assert_allclose(cosines.detach().numpy(), similarity(first, second), rtol=1e-5)
    cosines.sum().backward()  # type: ignore[no-untyped-call]
    assert tensor.grad is not None
    np.testing.assert_allclose(tensor.grad.numpy(), np.tile(second.sum(axis=0), (4, 1)), rtol=1e-5)
