from __future__ import annotations

import pytest
import torch
import torch.nn.functional as functional

from textsearch.errors import QueryError
from textsearch.models.sequence import FRAMES, LETTERS, RegionSequence, WordSequence, letter_frames, spelling


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Coca-Cola", "cocacola"), ("CAFÉ 62", "cafe62"), ("北京 Bank", "bank"), ("咖啡", ""), ("", "")],
)
def test_spelling(text: str, expected: str) -> None:
    assert spelling(text) == expected


@pytest.mark.parametrize("word", ["a", "ab", "cola", "supercalifragilisticexpialidocious"])
def test_letters_are_stretched_as_torch_interpolates(word: str) -> None:
    table = torch.randn(len(LETTERS), 5, generator=torch.Generator().manual_seed(0))
    frames = letter_frames([word])
    ours = torch.lerp(table[frames.before[0]], table[frames.after[0]], frames.weight[0, :, None])
    letters = table[[LETTERS.index(letter) for letter in word]]
    theirs = functional.interpolate(letters.T[None], size=FRAMES, mode="linear", align_corners=True)[0].T
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_word_that_cannot_be_spelt() -> None:
    with pytest.raises(QueryError, match="咖啡"):
        letter_frames(["cola", "咖啡"])


def test_words_are_encoded_one_by_one() -> None:
    branch = WordSequence(8, hidden=6, dimension=4)
    together = branch(letter_frames(["cola", "bakery", "a"]))
    assert together.shape == (3, FRAMES, 4)
    torch.testing.assert_close(together[1:2], branch(letter_frames(["bakery"])))
    assert not torch.allclose(together[0], together[1])


def test_regions_are_encoded_one_by_one() -> None:
    branch = RegionSequence(8, groups=4, hidden=6, dimension=4)
    regions = torch.randn(3, 8, 4, FRAMES)
    together = branch(regions)
    assert together.shape == (3, FRAMES, 4)
    torch.testing.assert_close(together[1:2], branch(regions[1:2]))


def test_no_words_and_no_regions() -> None:
    assert WordSequence(8, 6, 4)(letter_frames([])).shape == (0, FRAMES, 4)
    assert RegionSequence(8, 4, 6, 4)(torch.zeros(0, 8, 4, FRAMES)).shape == (0, FRAMES, 4)
