"""Whether a device can be computed on, said before a run begins."""

from __future__ import annotations

import torch

from textsearch.errors import TextSearchError


def check_device(name: str) -> None:
    """Make sure that torch can compute on a device.

    Raises:
        TextSearchError: it cannot.
    """
    try:
        torch.zeros(1, device=name)
    # torch names no common error: an unknown device, one without driver and a torch built without CUDA all differ.
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise TextSearchError(
            f"torch cannot compute on {name!r} ({reason}); choose cpu, or cuda with a GPU."
        ) from error
