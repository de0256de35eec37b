from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from tests.tiny_tdsl import CHANNELS, CONFIG, four_photos, tiny_backbone, tiny_network
from textsearch.errors import WeightsError
from textsearch.models import tdsl_store
from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS, load_efficientnet_lite0
from textsearch.models.tdsl import build_tdsl
from textsearch.models.tdsl_encoder import TdslEncoder
from textsearch.models.tdsl_store import TDSL_STORE, load_tdsl, save_tdsl, stored_config


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load networks with the tiny backbone."""
    monkeypatch.setattr(tdsl_store, "load_efficientnet_lite0", tiny_backbone)
    monkeypatch.setattr(tdsl_store, "EFFICIENTNET_LITE0_CHANNELS", CHANNELS)


def test_a_stored_network_sees_what_it_saw_before(tmp_path: Path, tiny: None) -> None:
    network = tiny_network(3).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    file = save_tdsl(network, CONFIG, {"licence": "Apache-2.0"}, tmp_path / "weights")
    assert file == tmp_path / "weights" / TDSL_STORE
    loaded = load_tdsl(tmp_path / "weights")
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float()), name
    words = ["cola", "bakery"]
    before, after = TdslEncoder(network, (96,)), TdslEncoder(loaded, (96,))
    np.testing.assert_allclose(after.encode_words(words), before.encode_words(words), atol=2e-3)
    photo = four_photos()[0].image
    assert after.encode_photo(photo).vectors.shape[1] == before.encode_photo(photo).vectors.shape[1]


def test_the_file_is_half_as_large_and_says_what_it_is(tmp_path: Path) -> None:
    network = tiny_network()
    save_tdsl(network, CONFIG, {"licence": "Apache-2.0"}, tmp_path)
    with safe_open(tmp_path / TDSL_STORE, "np") as store:
        assert {store.get_tensor(name).dtype for name in store.keys()} == {np.dtype(np.float16)}  # noqa: SIM118
        said = json.loads(store.metadata()["textsearch"])
    assert (said["licence"], said["network"]["width"]) == ("Apache-2.0", CONFIG.width)
    assert stored_config(tmp_path) == CONFIG
    numbers = sum(tensor.numel() for tensor in network.state_dict().values())
    assert (tmp_path / TDSL_STORE).stat().st_size < 2 * numbers + 20_000


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    first, second = (
        save_tdsl(tiny_network(), CONFIG, {"a": "1", "b": "2"}, tmp_path / name).read_bytes() for name in ("x", "y")
    )
    assert first == second


def test_the_real_backbone(tmp_path: Path) -> None:
    network = build_tdsl(CONFIG, load_efficientnet_lite0(), EFFICIENTNET_LITE0_CHANNELS)
    save_tdsl(network, CONFIG, {}, tmp_path)
    loaded = load_tdsl(tmp_path)
    assert loaded.state_dict().keys() == network.state_dict().keys()
    learning = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert {name for name, parameter in loaded.named_parameters() if parameter.requires_grad} == learning


# --- what is refused


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"Cannot read .*finished run"):
        load_tdsl(tmp_path)


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / TDSL_STORE).write_bytes(b"12345678 no safetensors")
    with pytest.raises(WeightsError, match="Cannot read"):
        load_tdsl(tmp_path)


@pytest.mark.parametrize("metadata", [None, {"textsearch": "{}"}, {"textsearch": '{"network": {"depth": 3}}'}])
def test_a_file_that_does_not_say_its_sizes(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"a": np.zeros(2, np.float16)}, tmp_path / TDSL_STORE, metadata=metadata)
    with pytest.raises(WeightsError, match="sizes"):
        load_tdsl(tmp_path)


def test_weights_of_another_network(tmp_path: Path, tiny: None) -> None:
    network = tiny_network()
    del network.speller
    save_tdsl(network, CONFIG, {}, tmp_path)
    with pytest.raises(WeightsError, match=r"another network[\s\S]*speller"):
        load_tdsl(tmp_path)
