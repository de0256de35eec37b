from __future__ import annotations

import numpy as np

from textsearch.knowledge.letters import BUCKETS, buckets_of, count_letters, rarities, weigh


def test_the_same_word_fills_the_same_buckets_whatever_its_case() -> None:
    assert np.array_equal(count_letters(["Café"], [1.0]), count_letters(["CAFE"], [1.0]))


def test_an_unsure_reading_counts_less() -> None:
    assert count_letters(["open"], [0.25]).sum() == 0.25 * count_letters(["open"], [1.0]).sum()


def test_a_misread_word_shares_most_of_its_letters() -> None:
    shared = set(buckets_of("mellanmjolk")) & set(buckets_of("mellanmjalk"))
    assert len(shared) > 0.5 * len(set(buckets_of("mellanmjolk")))


def test_weights_are_unit_vectors_and_silence_is_nothing() -> None:
    counts = np.stack([count_letters(["open"], [1.0]), np.zeros(BUCKETS, np.float32)])
    weighted = weigh(counts, rarities(counts))
    assert np.isclose(np.linalg.norm(weighted[0]), 1)
    assert not weighted[1].any()


def test_rarer_letters_weigh_more() -> None:
    counts = np.stack([count_letters(["open"], [1.0]), count_letters(["open", "milk"], [1.0, 1.0])])
    weights = rarities(counts)
    assert weights[buckets_of("milk")].min() > weights[buckets_of("open")].max()
