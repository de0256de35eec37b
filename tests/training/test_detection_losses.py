"""Every detection loss against its formula, written out with plain loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from textsearch.models.fcos import DetectionMaps
from textsearch.training.detection_losses import detection_losses, focal_loss, generalised_overlap
from textsearch.training.targets import IGNORED, NEGATIVE, POSITIVE, LocationTargets

SIZES = ((2, 3), (1, 2), (1, 1), (1, 1), (1, 1))
COUNT = sum(height * width for height, width in SIZES)


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def focal_by_hand(logit: float, positive: bool) -> float:
    probability = sigmoid(logit)
    if positive:
        return -0.25 * (1 - probability) ** 2 * math.log(probability)
    return -0.75 * probability**2 * math.log(1 - probability)


def overlap_by_hand(first: Sequence[float], second: Sequence[float]) -> float:
    """Generalised IoU of two boxes given as left, top, right, bottom distances from the origin."""

    def corners(box: Sequence[float]) -> tuple[float, float, float, float]:
        return -box[0], -box[1], box[2], box[3]

    def area(left: float, top: float, right: float, bottom: float) -> float:
        return max(0.0, right - left) * max(0.0, bottom - top)

    a, b = corners(first), corners(second)
    common = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    hull = area(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
    union = area(*a) + area(*b) - common
    return common / union - (hull - union) / hull


def entropy_by_hand(logit: float, target: float) -> float:
    return -target * math.log(sigmoid(logit)) - (1 - target) * math.log(1 - sigmoid(logit))


def centerness_by_hand(left: float, top: float, right: float, bottom: float) -> float:
    return math.sqrt(min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))


def random_maps(seed: int) -> DetectionMaps:
    generator = torch.Generator().manual_seed(seed)

    def levels(channels: int) -> tuple[Tensor, ...]:
        return tuple(torch.randn(2, channels, *size, generator=generator) for size in SIZES)

    return DetectionMaps(levels(1), tuple(level.abs() for level in levels(4)), levels(1))


def targets_of(labels: list[int], seed: int) -> LocationTargets:
    distances = torch.rand(COUNT, 4, generator=torch.Generator().manual_seed(seed)) * 3 + 0.1
    return LocationTargets(torch.tensor(labels), distances)


def rows(levels: tuple[Tensor, ...], image: int) -> list[list[float]]:
    """Read the outputs of an image location by location: level after level, row after row."""
    return [
        level[image, :, row, column].tolist()
        for level in levels
        for row in range(level.shape[2])
        for column in range(level.shape[3])
    ]


@pytest.mark.parametrize(
    ("logit", "target"), [(0.0, 1.0), (2.0, 1.0), (-3.0, 1.0), (0.0, 0.0), (4.0, 0.0), (-4.0, 0.0)]
)
def test_focal_loss(logit: float, target: float) -> None:
    ours = focal_loss(torch.tensor([logit]), torch.tensor([target])).item()
    assert ours == pytest.approx(focal_by_hand(logit, target == 1), rel=1e-5)


def test_focal_loss_of_certain_logits_is_finite() -> None:
    logits = torch.tensor([200.0, -200.0, 200.0, -200.0], requires_grad=True)
    focal_loss(logits, torch.tensor([1.0, 1.0, 0.0, 0.0])).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None and torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]),
        ([1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]),
        ([0.0, 1.0, 4.0, 1.0], [4.0, 1.0, 0.0, 1.0]),  # side by side
        ([0.2, 3.0, 0.3, 0.1], [1.0, 0.5, 2.0, 0.7]),
    ],
)
def test_generalised_overlap(first: list[float], second: list[float]) -> None:
    ours = generalised_overlap(torch.tensor([first]), torch.tensor([second])).item()
    assert ours == pytest.approx(overlap_by_hand(first, second), abs=1e-6)


def test_the_three_terms_of_a_batch() -> None:
    maps = random_maps(seed=1)
    labels = [[1, 0, 0, -1, 0, 1, 0, 0, 0, 1, 0], [0, 0, 1, 0, -1, 0, 0, 0, 0, 0, 0]]
    targets = [targets_of(row, seed) for seed, row in enumerate(labels)]
    find, box, central, weights, positives = 0.0, 0.0, 0.0, 0.0, 0
    for image, target in enumerate(targets):
        outputs = zip(rows(maps.logits, image), rows(maps.distances, image), rows(maps.centerness, image), strict=True)
        for place, ((logit,), distances, (centerness,)) in enumerate(outputs):
            label, wanted = int(target.labels[place]), target.distances[place].tolist()
            if label != IGNORED:
                find += focal_by_hand(logit, label == POSITIVE)
            if label == POSITIVE:
                weight = centerness_by_hand(*wanted)
                positives += 1
                box += weight * (1 - overlap_by_hand(distances, wanted))
                weights += weight
                central += entropy_by_hand(centerness, weight)
    terms = {name: term.item() for name, term in detection_losses(maps, targets).items()}
    assert terms == pytest.approx(
        {"find": find / positives, "box": box / weights, "centerness": central / positives}, rel=1e-4
    )


def test_pictures_without_words_teach_only_that_there_is_none() -> None:
    maps = random_maps(seed=2)
    for levels in maps:
        for level in levels:
            level.requires_grad_()
    empty = LocationTargets(torch.full((COUNT,), NEGATIVE), torch.zeros(COUNT, 4))
    terms = detection_losses(maps, [empty, empty])
    assert terms["find"] > 0 == terms["box"] == terms["centerness"]
    torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
    for level in maps.logits:
        assert level.grad is not None and (level.grad > 0).all()
    for level in (*maps.distances, *maps.centerness):
        assert level.grad is None or not level.grad.any()
