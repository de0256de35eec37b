"""A fixture for the rooms that test torch modules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread: on inputs this small, threads wait for each other most of the time.

    For one module at a time, so that the tests of other folders run as users do, in whatever order.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
