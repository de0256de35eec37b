"""A second device that is only pretended, so that a mix of devices is found where there is no GPU.

Its tensors say that they are on "pretended:0" and are computed on the CPU. An operation that gets some of them and some
of the CPU's raises as CUDA's would; the few that CUDA allows are allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor
from torch._dispatch.python import enable_python_dispatcher
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

NAME = "pretended"

_ATEN = torch.ops.aten
_MOVES = {_ATEN._to_copy.default, _ATEN.copy_.default}

_INDICES = {
    _ATEN.index.Tensor,
    _ATEN.index_put.default,
    _ATEN.index_put_.default,
    _ATEN._index_put_impl_.default,
}
"""Indices of the CPU may pick from tensors of any device."""

_TORCH_CTC_LOSS, _TORCH_LSTM = torch.ctc_loss, torch._VF.lstm

if not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
    pytest.skip("this torch cannot pretend a device", allow_module_level=True)
# Autograd asks about every device it meets, and learns of them at the first backward pass of a process, so this comes
# before it: when the tests are imported.
backend_registration._setup_privateuseone_for_python_backend(NAME)


class PretendedTensor(Tensor):
    """A tensor on the pretended device; `inside`, on the CPU, holds its numbers."""

    inside: Tensor

    @staticmethod
    def __new__(cls, inside: Tensor) -> PretendedTensor:
        """Wrap a tensor of the CPU."""
        wrapper: PretendedTensor = torch.Tensor._make_wrapper_subclass(
            cls,
            inside.shape,
            strides=inside.stride(),
            storage_offset=inside.storage_offset(),
            dtype=inside.dtype,
            device=torch.device(NAME, 0),
        )
        wrapper.inside = inside
        return wrapper

    def tolist(self) -> Any:
        """Return the numbers, which torch does not for a class of its own."""
        return self.inside.tolist()

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        """Say what is inside: only then does `torch.nn.Module.to` put such tensors in place of the module's own."""
        return ["inside"], None

    @staticmethod
    def __tensor_unflatten__(tensors: dict[str, Tensor], *rest: object) -> PretendedTensor:
        """Put it inside again."""
        return PretendedTensor(tensors["inside"])

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        """Compute an operation on any such tensor."""
        return _compute(operation, arguments, options or {})


class _Mode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees operations that are given no tensor but a device as well."""

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        return _compute(operation, arguments, options or {})


@contextmanager
def pretended_device() -> Iterator[torch.device]:
    """Let a device be computed on that is only pretended."""
    with ExitStack() as changes:
        # Autocast knows no such device.
        changes.enter_context(patch.object(torch, "autocast", lambda *arguments, **options: nullcontext()))
        changes.enter_context(patch.object(torch, "ctc_loss", _ctc_loss))
        changes.enter_context(patch.object(torch._VF, "lstm", _lstm))
        # But for the dispatcher in Python, recurrent layers would ask for a kernel of the device.
        changes.enter_context(enable_python_dispatcher())
        # Numbers of Python become tensors of the CPU first, which are then moved where everybody can see it.
        changes.callback(torch._C._set_only_lift_cpu_tensors, False)
        torch._C._set_only_lift_cpu_tensors(True)
        changes.enter_context(_Mode())  # type: ignore[no-untyped-call]
        yield torch.device(NAME, 0)


def _ctc_loss(scores: Tensor, targets: Tensor, frames: Tensor, letters: Tensor, *options: Any) -> Tensor:
    """Take the lengths as numbers, as CUDA's loss does; torch does not for tensors of a class of their own."""
    return _TORCH_CTC_LOSS(scores, targets, frames.tolist(), letters.tolist(), *options)


def _lstm(frames: Tensor, states: Any, weights: list[Tensor], *options: Any) -> Any:
    """Refuse what cuDNN cannot go back through: a layer in evaluation mode."""
    training = options[3]
    if torch.is_grad_enabled() and not training and any(weight.requires_grad for weight in weights):
        raise RuntimeError("cudnn RNN backward can only be called in training mode")
    return _TORCH_LSTM(frames, states, weights, *options)


def _compute(operation: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Compute an operation on the CPU and say that its results are where those of CUDA would be."""
    tensors = [value for value in tree_leaves((arguments, options)) if isinstance(value, Tensor)]
    there = [tensor for tensor in tensors if isinstance(tensor, PretendedTensor)]
    # A single number of the CPU may be mixed with anything.
    here = [tensor for tensor in tensors if not isinstance(tensor, PretendedTensor) and tensor.dim()]
    if there and here and operation not in _MOVES | _INDICES:
        shapes = ", ".join(f"{tuple(tensor.shape)} on {tensor.device}" for tensor in [*there, *here])
        raise RuntimeError(f"{operation} expects all tensors on one device, not {shapes}")
    device = options.get("device")
    if operation is _ATEN.copy_.default:
        is_there = isinstance(arguments[0], PretendedTensor)
    else:
        is_there = bool(there) if device is None else torch.device(device).type == NAME
    arguments, options = tree_map_only(PretendedTensor, lambda tensor: tensor.inside, (arguments, options))
    result = operation(*arguments, **(options if device is None else {**options, "device": torch.device("cpu")}))
    # What an operation changed in place stays the same tensor.
    known = {id(tensor.inside): tensor for tensor in there}
    return tree_map_only(Tensor, lambda tensor: _there(tensor, known), result) if is_there else result


def _there(tensor: Tensor, known: dict[int, PretendedTensor]) -> Tensor:
    found = known.get(id(tensor))
    return PretendedTensor(tensor) if found is None else found
