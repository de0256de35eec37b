from __future__ import annotations

import pytest

from textsearch.errors import TextSearchError
from textsearch.training.devices import check_device


def test_a_cpu_is_always_there() -> None:
    check_device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "xpu", ""])
def test_a_device_that_is_not_there_is_one_sentence(name: str) -> None:
    with pytest.raises(TextSearchError, match="torch cannot compute on") as error:
        check_device(name)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith("choose cpu, or cuda with a GPU.")
