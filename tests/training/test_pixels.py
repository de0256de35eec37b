from __future__ import annotations

import numpy as np
import torch

from textsearch.runtime.sessions import network_input as published_input
from textsearch.training.pixels import network_input


def test_every_value_is_that_of_the_packaged_networks() -> None:
    images = np.arange(2 * 4 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(2, 4, 32, 3)
    assert len(np.unique(images)) == 256
    values = network_input(torch.from_numpy(images))
    assert values.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(values.numpy(), published_input(images))
