"""A trained `tdsl` network as one float16 file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from textsearch.errors import WeightsError
from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS, load_efficientnet_lite0
from textsearch.models.tdsl import TdslConfig, TdslNetwork, build_tdsl

TDSL_STORE = "tdsl.safetensors"


def save_tdsl(network: TdslNetwork, config: TdslConfig, metadata: Mapping[str, str], folder: Path) -> Path:
    """Write a network to folder/tdsl.safetensors; return the file.

    Args:
        network: trained, on the backbone EfficientNet-Lite0.
        config: the sizes of its parts.
        metadata: goes into the header, as JSON under the one key "textsearch", beside the sizes: data, licence.
        folder: receives the file; it is made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = network.state_dict()
    tensors = {name: np.ascontiguousarray(tensor.detach().cpu().half().numpy()) for name, tensor in state.items()}
    # Several entries would be written in a random order; the file must depend on its content alone.
    header = json.dumps({**metadata, "network": asdict(config)}, sort_keys=True)
    file = folder / TDSL_STORE
    file.write_bytes(save(tensors, metadata={"textsearch": header}))
    return file


def load_tdsl(folder: Path) -> TdslNetwork:
    """Return the network that `save_tdsl` wrote to a folder, in float32 and evaluation mode.

    Raises:
        WeightsError: the file is missing or holds another network.
        MissingDependencyError: the packages of the backbone are not installed.
    """
    config, tensors = _read(folder)
    network = build_tdsl(config, load_efficientnet_lite0(), EFFICIENTNET_LITE0_CHANNELS)
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)
    except RuntimeError as error:
        raise WeightsError(f"{folder / TDSL_STORE} holds the weights of another network: {error}") from error
    # Several times faster on a CPU: depthwise convolutions then read their channels side by side.
    fast: TdslNetwork = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fast.eval()


def stored_config(folder: Path) -> TdslConfig:
    """Return the sizes of the network in a folder.

    Raises:
        WeightsError: as `load_tdsl`.
    """
    return _read(folder)[0]


def _read(folder: Path) -> tuple[TdslConfig, dict[str, Tensor]]:
    file = folder / TDSL_STORE
    try:
        with safe_open(file, "pt") as store:
            config = TdslConfig(**json.loads(store.metadata()["textsearch"])["network"])
            return config, {name: store.get_tensor(name) for name in store.keys()}  # noqa: SIM118  (it is no dict)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"Cannot read {file} ({error}); give the folder `weights` of a finished run.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{file} does not say the sizes of its network ({error!r}); use another file.") from error
