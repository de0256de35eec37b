from __future__ import annotations

import math

import pytest
import torch

from textsearch.models.vectors import vectors
from textsearch.similarity import similarity


def test_vectors_are_unit_rows_of_480() -> None:
    rows = vectors(torch.randn(4, 15, 32))
    assert rows.shape == (4, 480)
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(4))


def test_a_value_worked_out_by_hand() -> None:
    first = torch.tensor([[[1.0, 0.0]]])
    second = torch.tensor([[[1.0, 2.0]]])
    expected = math.tanh(1) / math.hypot(math.tanh(1), math.tanh(2))
    assert similarity(vectors(first), vectors(second)).item() == pytest.approx(expected)


def test_similarity_is_symmetric_bounded_and_one_on_the_diagonal() -> None:
    rows = vectors(torch.randn(6, 15, 32))
    matrix = similarity(rows, rows)
    torch.testing.assert_close(matrix, matrix.T)
    torch.testing.assert_close(matrix.diagonal(), torch.ones(6))
    assert matrix.abs().max() <= 1 + 1e-6


def test_opposite_sequences_are_at_minus_one() -> None:
    sequence = torch.randn(1, 15, 32)
    assert similarity(vectors(sequence), vectors(-sequence)).item() == pytest.approx(-1, abs=1e-6)


def test_order_of_frames_matters() -> None:
    sequence = torch.randn(1, 15, 32)
    assert similarity(vectors(sequence), vectors(sequence.flip(1))).item() < 0.9


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_compare(rows: int, columns: int) -> None:
    matrix = similarity(vectors(torch.rand(rows, 15, 32)), vectors(torch.rand(columns, 15, 32)))
    assert matrix.shape == (rows, columns)


def test_a_sequence_of_zeros_is_a_vector_of_zeros_not_of_nan() -> None:
    assert torch.equal(vectors(torch.zeros(1, 15, 32)), torch.zeros(1, 480))
