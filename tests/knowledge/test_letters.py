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
    counts = np.stack([count_letters(["open"], [1.0]), count_letters(["open"], [0.5]), np.zeros(BUCKETS, np.float32)])
    weighted = weigh(counts, rarities(counts))
    assert np.allclose(np.linalg.norm(weighted[:2], axis=1), 1)
    assert not weighted[2].any()


def test_rarer_letters_weigh_more_but_those_of_one_photo_nothing() -> None:
    texts = (["open"], ["open", "milk"], ["open", "milk"], ["tee"])
    counts = np.stack([count_letters(each, [1.0] * len(each)) for each in texts])
    weights = rarities(counts)
    assert weights[buckets_of("milk")].min() > weights[buckets_of("open")].max() > 0
    assert not weights[buckets_of("tee")].any()
