"""Attention over what the words of a photo name, and from the picture to the words (Knowledge Mining, CVPR 2022).

Two blocks of the paper at a smaller width. Its released code lets padding take part in the attention; here padding is
masked with minus infinity, and a photo without a word attends to a learnt "nothing".
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as functional
from torch import Tensor, nn


class Attention(nn.Module):
    """Scaled dot-product attention with one head.

    Args:
        width: features of queries, keys and values.
        dropout: of the result.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value, self.join = (nn.Linear(width, width) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, items: Tensor, present: Tensor) -> Tensor:
        """Let each query gather from the items that are there.

        Args:
            queries: (B, Q, width).
            items: (B, L, width).
            present: (B, L) bool; at least one item of each row must be there.

        Returns:
            (B, Q, width).
        """
        scores = self.query(queries) @ self.key(items).transpose(1, 2) / math.sqrt(queries.shape[2])
        shares = scores.masked_fill(~present[:, None, :], -torch.inf).softmax(dim=2)
        gathered: Tensor = self.dropout(self.join(shares @ self.value(items)))
        return gathered


class EntityAttention(nn.Module):
    """Lets each word take up what it names, then every word what the others name (the paper's KARC, after KnowBert).

    A word attends to the entities linked to it: the score of each is learnt from how well the two fit and from the
    linker's weight; one further candidate stands for "names nothing". The words then read all enriched words.

    Args:
        word_width: features of a word and of an entity.
        width: features inside.
        dropout: of every result.
    """

    def __init__(self, word_width: int, width: int, dropout: float) -> None:
        super().__init__()
        self.project_words = nn.Linear(word_width, width)
        self.project_entities = nn.Linear(word_width, width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.score = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
        self.span_norm = nn.LayerNorm(width)
        self.among_spans = Attention(width, dropout)
        self.to_spans = Attention(width, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, words: Tensor, present: Tensor, entities: Tensor, weights: Tensor) -> Tensor:
        """Return the words with what they name.

        Args:
            words: (B, L, word_width).
            present: (B, L) bool; at least one word of each row must be there.
            entities: (B, L, E, word_width).
            weights: (B, L, E), the linker's, 0 to 1; 0 where there is no entity.

        Returns:
            (B, L, width).
        """
        tokens = self.project_words(words)
        # Few of the places are taken, and the projection would be most of the network's work.
        taken = weights > 0
        candidates = tokens.new_zeros(*taken.shape, tokens.shape[-1])
        candidates[taken] = self.project_entities(entities[taken])
        known = self.take_up(tokens, candidates, weights)
        spans = self.span_norm(tokens + known)
        spans = spans + self.among_spans(spans, spans, present)
        enriched: Tensor = self.norm(tokens + self.to_spans(tokens, spans, present))
        return enriched

    def take_up(self, tokens: Tensor, entities: Tensor, weights: Tensor) -> Tensor:
        """Return (B, L, width), the weighted entities of each word; tokens (B, L, width), entities (B, L, E, width)."""
        batch, length, _, width = entities.shape
        nothing = self.nothing.expand(batch, length, 1, width)
        candidates = torch.cat([entities, nothing], dim=2)
        rest = (1 - weights.sum(2, keepdim=True)).clamp(min=0.05)
        priors = torch.cat([weights, rest], dim=2)
        fit = (candidates @ tokens[..., None])[..., 0] / math.sqrt(width)
        scores = self.score(torch.stack([fit, priors.clamp(min=1e-3).log()], dim=-1))[..., 0]
        shares = scores.masked_fill(priors == 0, -torch.inf).softmax(dim=2)
        known: Tensor = (shares[..., None] * candidates).sum(2)
        return known


class VisualKnowledgeAttention(nn.Module):
    """Cross-attention with the picture as the only query (the paper's VKAC): attention, then a feed-forward layer.

    Args:
        width: features of the picture, of the words and of the result.
        dropout: of every result.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout)
        )
        self.norm = nn.LayerNorm(width)
        self.silence = nn.Parameter(torch.zeros(width))

    def forward(self, picture: Tensor, words: Tensor, present: Tensor) -> Tensor:
        """Return (B, width), what the picture (B, width) finds in its words (B, L, width), present (B, L) bool."""
        silence = self.silence.expand(len(words), 1, -1)
        items = torch.cat([words, silence], dim=1)
        # The learnt "nothing" is an item only where there is no word, so that no softmax runs over an empty row.
        there = torch.cat([present, ~present.any(dim=1, keepdim=True)], dim=1)
        gathered = self.attention_norm(picture + self.attention(picture[:, None], items, there)[:, 0])
        found: Tensor = self.norm(gathered + self.feed_forward(gathered))
        return found


def unit(vectors: Tensor) -> Tensor:
    """Return vectors of length 1 along the last axis."""
    return functional.normalize(vectors, dim=-1)
