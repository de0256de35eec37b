from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textsearch.knowledge import descriptions
from textsearch.knowledge.descriptions import Descriptions, default_descriptions, describe, sentences
from textsearch.knowledge.language import WIDTH, MiniLanguageModel
from textsearch.knowledge.lexicon import Category, Entity, default_lexicon
from textsearch.types import FloatArray

LEXICON = default_lexicon()


def test_a_brand_is_described_by_its_gloss_and_its_kinds() -> None:
    (walgreens, *_) = (each.target for each in LEXICON.meanings("walgreens"))
    assert isinstance(walgreens, Entity)
    text = describe(walgreens, LEXICON)
    assert text.startswith("Walgreens: ")
    assert "pharmacy" in text.lower()


def test_a_category_without_a_gloss_is_described_by_what_is_above_it() -> None:
    plain = next(
        category
        for category in map(LEXICON.category, LEXICON.category_identifiers)
        if not category.gloss and category.parent
    )
    assert describe(plain, LEXICON) == f"{plain.name}: {LEXICON.category(plain.parent or '').name}"


def test_every_target_has_a_description_of_its_own_kind() -> None:
    described = sentences(LEXICON)
    entities = len(LEXICON.entity_identifiers)
    assert len(described) == entities + len(LEXICON.category_identifiers)
    assert described[3] == describe(LEXICON.entity(LEXICON.entity_identifiers[3]), LEXICON)
    assert described[entities + 3] == describe(LEXICON.category(LEXICON.category_identifiers[3]), LEXICON)


def test_the_packaged_vectors_are_those_of_the_sentence_encoder() -> None:
    source = np.random.default_rng(0)
    targets: list[Entity | Category] = [
        LEXICON.entity(LEXICON.entity_identifiers[number])
        for number in source.choice(len(LEXICON.entity_identifiers), 12, replace=False)
    ]
    targets += [
        LEXICON.category(LEXICON.category_identifiers[number])
        for number in source.choice(len(LEXICON.category_identifiers), 12, replace=False)
    ]
    expected = MiniLanguageModel().sentences([describe(target, LEXICON) for target in targets])
    packaged = np.stack([default_descriptions().vector(target) for target in targets])
    assert packaged.shape == (24, WIDTH)
    assert packaged.dtype == np.float32
    np.testing.assert_allclose((packaged * expected).sum(axis=1), 1.0, atol=0.03)
    cosines = (packaged * expected).sum(axis=1) / np.linalg.norm(packaged, axis=1)
    assert cosines.min() > 0.99


def test_vectors_of_another_lexicon_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(descriptions, "FILE", tmp_path / "lexicon.json.gz")
    (tmp_path / "lexicon.json.gz").write_bytes(b"built again")
    default_descriptions.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"python -m textsearch\.knowledge\.descriptions"):
            default_descriptions()
    finally:
        default_descriptions.cache_clear()


def test_all_vectors_are_written_in_the_order_of_the_lexicon(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, FloatArray] = {}
    monkeypatch.setattr(descriptions, "write_vectors", lambda path, vectors, of, steps: kept.update(vectors=vectors))
    monkeypatch.setattr(descriptions, "sentences", lambda lexicon: ["long " * 9, "a", "of a length between"])
    monkeypatch.setattr(descriptions, "_ENCODED_AT_ONCE", 2)
    monkeypatch.setattr(MiniLanguageModel, "__init__", lambda self: None)
    monkeypatch.setattr(
        MiniLanguageModel,
        "sentences",
        lambda self, texts: np.array([[len(text)] * WIDTH for text in texts], np.float32),
    )
    descriptions.write()
    assert kept["vectors"][:, 0].tolist() == [45, 1, 19]


def test_a_vector_is_its_steps_times_its_scale() -> None:
    rows = len(LEXICON.entity_identifiers) + len(LEXICON.category_identifiers)
    steps = np.ones((rows, WIDTH), np.int8)
    scales = np.arange(rows, dtype=np.float32)
    kept = Descriptions(LEXICON, steps, scales)
    second = LEXICON.category(LEXICON.category_identifiers[1])
    assert (kept.vector(second) == len(LEXICON.entity_identifiers) + 1).all()
