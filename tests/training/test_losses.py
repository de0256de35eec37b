"""Every loss against its formula, written out with plain loops."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.pretended_device import pretended_device
from textsearch.training.losses import (
    alter,
    branch_loss,
    contrastive_loss,
    edit_similarity_loss,
    hardest_partner_loss,
    published_losses,
    reading_loss,
    similarity_targets,
    spelling_loss,
    words_to_compare,
)


def smooth_l1(difference: float) -> float:
    return 0.5 * difference**2 if abs(difference) < 1 else abs(difference) - 0.5


def edit_loss_by_hand(cosines: list[list[float]], targets: list[list[float]]) -> float:
    everything, hardest = [], []
    for row, row_targets in zip(cosines, targets, strict=True):
        losses = [smooth_l1(cosine - target) for cosine, target in zip(row, row_targets, strict=True)]
        everything += losses
        hardest.append(max(losses))
    return sum(everything) / len(everything) + sum(hardest) / len(hardest)


def contrastive_by_hand(cosines: list[list[float]], same: list[list[bool]], temperature: float) -> float:
    losses = []
    for row, row_same in zip(cosines, same, strict=True):
        weights = [math.exp(cosine / temperature) for cosine in row]
        own = sum(weight for weight, is_same in zip(weights, row_same, strict=True) if is_same)
        if own:
            losses.append(-math.log(own / sum(weights)))
    return sum(losses) / len(losses)


def cosines_of(first: Tensor, second: Tensor) -> list[list[float]]:
    return [[sum(a * b for a, b in zip(x, y, strict=True)) for y in second.tolist()] for x in first.tolist()]


def random_cosines(rows: int, columns: int) -> Tensor:
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(rows)) * 2 - 1


def unit_rows(count: int, seed: int) -> Tensor:
    rows = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


# --- targets


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("cola", "cola", 1.0),
        ("cola", "coca", 0.75),  # one of four replaced
        ("cola", "colas", 0.8),  # one of five inserted
        ("cola", "ola", 0.75),  # one of four deleted
        ("cola", "alco", 0.0),  # four replaced, or two moved: two deleted and two inserted
        ("ab", "ba", 0.0),
        ("kitten", "sitting", 1 - 3 / 7),
        ("a", "bcd", 0.0),
        ("", "abc", 0.0),
        ("", "", 1.0),
    ],
)
def test_targets(first: str, second: str, expected: float) -> None:
    assert similarity_targets([first], [second]).item() == pytest.approx(expected)
    assert similarity_targets([second], [first]).item() == pytest.approx(expected)


def test_targets_of_all_pairs() -> None:
    targets = similarity_targets(["ab", "abc"], ["ab", "xy", "abcd"])
    assert targets.dtype == torch.float32
    torch.testing.assert_close(targets, torch.tensor([[1, 0, 0.5], [2 / 3, 0, 0.75]]))


# --- the two forms of loss


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 2)])
def test_edit_similarity_loss(shape: tuple[int, int]) -> None:
    cosines, targets = random_cosines(*shape), random_cosines(*shape).abs().flip(1)
    expected = edit_loss_by_hand(cosines.tolist(), targets.tolist())
    assert edit_similarity_loss(cosines, targets).item() == pytest.approx(expected, rel=1e-5)


def test_edit_similarity_loss_is_zero_at_the_targets_alone() -> None:
    targets = random_cosines(3, 4)
    assert edit_similarity_loss(targets, targets) == 0
    assert edit_similarity_loss(targets + 1e-3, targets) > 0


def test_the_hardest_pair_counts_more_than_the_others() -> None:
    cosines = torch.tensor([[0.9, 0.5, 0.1]], requires_grad=True)
    edit_similarity_loss(cosines, torch.zeros(1, 3)).backward()  # type: ignore[no-untyped-call]
    assert cosines.grad is not None
    torch.testing.assert_close(cosines.grad, torch.tensor([[0.9 / 3 + 0.9, 0.5 / 3, 0.1 / 3]]))


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_contrastive_loss_with_several_own_and_without_any(temperature: float) -> None:
    cosines = random_cosines(4, 5)
    same = torch.tensor([[1, 0, 0, 0, 0], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)
    expected = contrastive_by_hand(cosines.tolist(), same.tolist(), temperature)
    assert contrastive_loss(cosines, same, temperature).item() == pytest.approx(expected, rel=1e-5)


def test_rows_without_own_word_give_no_gradient_and_no_nan() -> None:
    cosines = random_cosines(2, 3).requires_grad_()
    contrastive_loss(cosines, torch.tensor([[True, False, False], [False] * 3]), 0.05).backward()  # type: ignore[no-untyped-call]
    assert cosines.grad is not None
    assert torch.isfinite(cosines.grad).all()
    assert not cosines.grad[1].any()
    assert cosines.grad[0, 0] < 0 < cosines.grad[0, 1:].min()


# --- the sum that is trained on


def test_branch_loss_term_by_term() -> None:
    region_words = ["cola", "cafe", "cola"]
    texts = ["cola", "cafe", "coca", "bakery"]
    regions, words = unit_rows(3, seed=1), unit_rows(4, seed=2)
    terms = branch_loss(regions, region_words, words, texts, temperature=0.1)

    def targets(first: list[str], second: list[str]) -> list[list[float]]:
        return [[similarity_targets([a], [b]).item() for b in second] for a in first]

    def expected_edit(rows: Tensor, row_words: list[str], columns: Tensor, column_words: list[str]) -> float:
        return 10 * edit_loss_by_hand(cosines_of(rows, columns), targets(row_words, column_words))

    same = [[text == word for word in region_words] for text in texts]
    expected = {
        "word_image": expected_edit(words, texts, regions, region_words),
        "word_word": expected_edit(words, texts, words, texts),
        "image_image": expected_edit(regions, region_words, regions, region_words),
        "words_of_image": contrastive_by_hand(
            cosines_of(regions, words), [list(column) for column in zip(*same, strict=True)], 0.1
        ),
        "images_of_word": contrastive_by_hand(cosines_of(words, regions), same, 0.1),
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)


def test_branch_loss_reaches_both_branches() -> None:
    regions, words = unit_rows(2, seed=1).requires_grad_(), unit_rows(3, seed=2).requires_grad_()
    terms = branch_loss(regions, ["ab", "cd"], words, ["ab", "cd", "ad"])
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
    assert regions.grad is not None and regions.grad.any()
    assert words.grad is not None and words.grad.any()


def test_the_losses_are_those_of_the_cpu_on_another_device() -> None:
    region_words, texts = ["cola", "cafe", "cola"], ["cola", "cafe", "coca", "bakery"]
    regions, words = unit_rows(3, seed=1), unit_rows(4, seed=2)
    for loss in (branch_loss, published_losses):
        expected = {name: term.item() for name, term in loss(regions, region_words, words, texts).items()}
        with pretended_device() as device:
            terms = loss(regions.to(device), region_words, words.to(device), texts)
            assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected)


# --- TDSL's own sum


def hardest_by_hand(cosines: list[list[float]], targets: list[list[float]]) -> float:
    pairs = zip(cosines, targets, strict=True)
    return sum(
        max(smooth_l1(c - t) for c, t in zip(row, row_targets, strict=True)) for row, row_targets in pairs
    ) / len(cosines)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 2)])
def test_hardest_partner_loss(shape: tuple[int, int]) -> None:
    cosines, targets = random_cosines(*shape), random_cosines(*shape).abs().flip(1)
    expected = hardest_by_hand(cosines.tolist(), targets.tolist())
    assert hardest_partner_loss(cosines, targets).item() == pytest.approx(expected, rel=1e-5)


def test_only_the_hardest_partner_of_a_row_is_trained_on() -> None:
    cosines = torch.tensor([[0.9, 0.5, 0.1], [0.0, -0.2, 0.1]], requires_grad=True)
    hardest_partner_loss(cosines, torch.zeros(2, 3)).backward()  # type: ignore[no-untyped-call]
    assert cosines.grad is not None
    torch.testing.assert_close(cosines.grad, torch.tensor([[0.45, 0, 0], [0, -0.1, 0]]))


def test_published_losses_term_by_term() -> None:
    region_words, texts = ["cola", "cafe", "cola"], ["cola", "cafe", "cola", "coca", "bakery"]
    regions, words = unit_rows(3, seed=1), unit_rows(5, seed=2)
    terms = published_losses(regions, region_words, words, texts)

    def expected(rows: Tensor, row_words: list[str], columns: Tensor, column_words: list[str]) -> float:
        targets = [[similarity_targets([a], [b]).item() for b in column_words] for a in row_words]
        return 10 * hardest_by_hand(cosines_of(rows, columns), targets)

    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {
            "word_image": expected(words, texts, regions, region_words),
            "word_word": expected(words, texts, words, texts),
            "image_image": expected(regions, region_words, regions, region_words),
        },
        rel=1e-4,
    )


def test_the_word_image_term_leaves_the_words_alone() -> None:
    regions, words = unit_rows(2, seed=1).requires_grad_(), unit_rows(3, seed=2).requires_grad_()
    published_losses(regions, ["ab", "cd"], words, ["ab", "cd", "ad"])["word_image"].backward()  # type: ignore[no-untyped-call]
    assert words.grad is None
    assert regions.grad is not None and regions.grad.any()


def test_a_batch_without_words_loses_nothing() -> None:
    empty = torch.zeros(0, 6, requires_grad=True)
    terms = published_losses(empty, [], empty, [])
    assert [term.item() for term in terms.values()] == [0, 0, 0]
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]


def ctc_by_hand(logits: Tensor, letters: list[int]) -> float:
    """-log of the probability of all paths that spell the letters, path by path; the blank is the last class."""
    frames, classes = logits.shape
    probabilities = logits.softmax(dim=1).tolist()
    total = 0.0
    for path in itertools.product(range(classes), repeat=frames):
        spelt = [letter for letter, _ in itertools.groupby(path) if letter != classes - 1]
        if spelt == letters:
            total += math.prod(probabilities[frame][letter] for frame, letter in enumerate(path))
    return -math.log(total)


def test_spelling_loss_path_by_path() -> None:
    logits = torch.full((2, 4, 37), -30.0)
    logits[:, :, [0, 1, 36]] = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    few = logits[:, :, [0, 1, 36]]  # every other class has no probability to speak of
    expected = (ctc_by_hand(few[0], [0, 1]) / 2 + ctc_by_hand(few[1], [1, 1, 0]) / 3) / 2
    assert spelling_loss(logits, ["ab", "bba"]).item() == pytest.approx(expected, rel=1e-4)


def test_words_that_do_not_fit_are_not_spelt() -> None:
    logits = torch.randn(2, 4, 37, generator=torch.Generator().manual_seed(0)).requires_grad_()
    both = spelling_loss(logits, ["abcd", "ab"])
    assert both.item() == pytest.approx(spelling_loss(logits[1:], ["ab"]).item())
    assert spelling_loss(logits, ["abcd", "abcde"]).item() == 0
    assert spelling_loss(logits[:0], []).item() == 0
    # Three equal letters need two blanks between them: no path of 4 frames spells them.
    assert spelling_loss(logits[:1], ["aaa"]).item() == 0


# --- altered words


def test_alter_follows_its_odds() -> None:
    # "-" is in no alphabet, so what replaced it or stands before it was drawn.
    generator = np.random.default_rng(0)
    outcomes: Counter[str] = Counter()
    count = 8000
    for _ in range(count):
        changed = alter("-", generator)
        # An empty word is never returned, so a deleted single letter looks kept: 1 + 5 of 8.
        outcomes["kept" if changed == "-" else "inserted" if changed.endswith("-") else "replaced"] += 1
    spread = 4 * math.sqrt(count * 1 / 8 * 7 / 8)
    # A letter that others were put before, 1 / 8 each time, is kept in the end 5 times of 8.
    assert abs(outcomes["inserted"] - count * 5 / 8 / 7) < spread
    assert abs(outcomes["kept"] - count * 6 / 8) < 2 * spread


def test_the_place_moves_on_by_one_whatever_happened() -> None:
    class Scripted:
        """Inserts, keeps, deletes and replaces, with the letters of LETTERS in turn."""

        def __init__(self) -> None:
            self.numbers = iter([0, 0, 7, 1, 1, 2, 2, 3])

        def integers(self, below: int) -> int:
            return next(self.numbers)

    # An "a" before 1, which is drawn for again and kept; 2 deleted and 3 passed over; 4 replaced by "d".
    assert alter("1234", cast(np.random.Generator, Scripted())) == "a13d"


def test_alter_deletes_one_letter_in_eight() -> None:
    generator = np.random.default_rng(1)
    lengths = [len(alter("-" * 400, generator)) for _ in range(30)]
    kept = [alter("-" * 400, generator).count("-") for _ in range(30)]
    # Inserted and deleted letters balance; six letters of eight stay.
    assert np.mean(lengths) == pytest.approx(400, abs=8)
    assert np.mean(kept) == pytest.approx(300, abs=8)


def test_alter_draws_letters_and_digits() -> None:
    generator = np.random.default_rng(2)
    drawn = set(alter("-" * 3000, generator)) - {"-"}
    assert drawn == set("abcdefghijklmnopqrstuvwxyz0123456789")


def test_alter_never_returns_nothing_and_repeats_with_its_seed() -> None:
    assert all(alter("a", np.random.default_rng(seed)) for seed in range(50))
    assert alter("bakery", np.random.default_rng(3)) == alter("bakery", np.random.default_rng(3))


def test_the_words_of_a_step_are_its_own_altered_ones_and_others() -> None:
    lexicon = ["hotel", "exit", "open"]
    texts = words_to_compare(["cola", "bank", "cola"], lexicon, 3, np.random.default_rng(0))
    assert texts[:2] == ["bank", "cola"]
    assert len(set(texts)) == len(texts) <= 2 + 2 + 3
    assert set(texts[2:]) & set(lexicon)


def test_reading_loss_sums_over_every_path_that_spells_the_word() -> None:
    # Frames of the first strip: blank, a, b; it reads "a". The second has one frame more than are used.
    probabilities = torch.tensor(
        [
            [[0.5, 0.4, 0.1], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]],
            [[0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0]],
        ]
    )
    loss = reading_loss(probabilities.clamp_min(1e-9).log(), np.array([3, 2]), ["a", "ba"], {"a": 1, "b": 2})
    paths = itertools.product(range(3), repeat=3)
    spelt = sum(
        math.prod(float(probabilities[0, frame, number]) for frame, number in enumerate(path))
        for path in paths
        if [number for number, _ in itertools.groupby(path) if number] == [1]
    )
    assert loss.item() == pytest.approx(-math.log(spelt) - math.log(0.6 * 0.5) / 2, rel=1e-4)
