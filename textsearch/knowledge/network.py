"""The knowledge-enhanced network: what a picture shows, what is written in it and what is known about those words.

Each part gives a score for every class, and the scores add up. The literal words alone are judged by their letters
(hashed n-grams), for product names are in no dictionary; sentence features, entities and cross-attention follow
Knowledge Mining (CVPR 2022), the parts of a picture SCRIM (reconstructed from its abstract).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from textsearch.knowledge.attention import EntityAttention, VisualKnowledgeAttention, unit
from textsearch.knowledge.language import WIDTH
from textsearch.knowledge.letters import BUCKETS
from textsearch.knowledge.scrim import CoarseParts, FineParts
from textsearch.knowledge.visual import TEXTURE
from textsearch.models.efficientnet import EFFICIENTNET_LITE0_CHANNELS

POOLED = 1280
"""Features of a whole picture."""

SEEN = POOLED + TEXTURE
"""Those with its statistics."""


@dataclass(frozen=True)
class ClassifierConfig:
    """Which parts a network has.

    Attributes:
        visual: the picture.
        literal: the words as they are spelt and, through the sentence encoder, as they read.
        knowledge: what the words name: entity attention and the evidence for each class from the lexicon.
        scrim: coarse and fine parts of the picture.
        width: features inside.
        dropout: probability of a hidden feature, in training.
        parts: coarse parts of each module.
        regions: fine windows.
    """

    visual: bool = True
    literal: bool = True
    knowledge: bool = True
    scrim: bool = False
    width: int = 128
    dropout: float = 0.3
    parts: int = 4
    regions: int = 4


VARIANTS = {
    "visual": ClassifierConfig(literal=False, knowledge=False),
    "text": ClassifierConfig(visual=False, knowledge=False),
    "literal": ClassifierConfig(knowledge=False),
    "full": ClassifierConfig(),
    "scrim": ClassifierConfig(scrim=True),
}
"""Configurations by name: each step of the ablation, and the words alone."""


@dataclass(frozen=True, eq=False)
class PhotoBatch:
    """What the network reads of B photos.

    Attributes:
        pooled: (B, 1280), the pictures.
        texture: (B, TEXTURE), their statistics.
        shallow: (B, 112, 2H, 2W), their map at stride 16; only SCRIM reads it and may find it empty otherwise.
        deep: (B, 320, H, W), their map at stride 32; as `shallow`.
        letters: (B, BUCKETS), weights of the n-grams of their words, unit vectors, or 0 without a word.
        words: (B, L, 384), their words.
        present: (B, L) bool, which of them are there.
        entities: (B, L, E, 384), what each word names.
        weights: (B, L, E), how likely; 0 where there is no entity.
        evidence: (B, C), log-odds of each class by the lexicon alone.
    """

    pooled: Tensor
    texture: Tensor
    shallow: Tensor
    deep: Tensor
    letters: Tensor
    words: Tensor
    present: Tensor
    entities: Tensor
    weights: Tensor
    evidence: Tensor

    def select(self, chosen: Tensor) -> PhotoBatch:
        """Return some of the photos."""
        return PhotoBatch(**{name: tensor[chosen] for name, tensor in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the network says of B photos.

    Attributes:
        logits: (B, C).
        branches: scores (B, C) of each part of the network alone; `logits` is their sum.
        latent: (B, width), the features behind the picture's scores; empty without the visual branch.
        parts: (B, 2, width), coarse parts; None without SCRIM.
        region_logits: (B, M, C), each fine window alone; None without SCRIM.
        region_scores: (B, M), the judged informativeness of those; None without SCRIM.
    """

    logits: Tensor
    branches: dict[str, Tensor]
    latent: Tensor
    parts: Tensor | None = None
    region_logits: Tensor | None = None
    region_scores: Tensor | None = None


class KnowledgeClassifier(nn.Module):
    """From what was read of photos to a score for each class.

    Args:
        config: which parts there are.
        classes: C.
    """

    def __init__(self, config: ClassifierConfig, classes: int) -> None:
        super().__init__()
        self.config = config
        width, dropout = config.width, config.dropout
        if config.visual:
            self.picture = VisualBranch(classes, width, dropout)
        if config.literal:
            self.spelling = nn.Sequential(nn.Dropout(dropout), nn.Linear(BUCKETS, classes))
        if config.literal or config.knowledge:
            self.reading = ReadingBranch(config, classes)
        if config.scrim:
            self.parts = PartsBranch(config, classes)

    def forward(self, batch: PhotoBatch) -> Judgement:
        """Judge B photos."""
        branches: dict[str, Tensor] = {}
        latent = batch.pooled.new_zeros(len(batch.pooled), 0)
        if self.config.visual:
            branches["picture"], latent = self.picture(torch.cat([batch.pooled, batch.texture], dim=1))
        if self.config.literal:
            # Unit vectors of thousands of features: the factor brings the scores into the range of the others'.
            branches["spelling"] = self.spelling(SPELLING_GAIN * batch.letters)
        if self.config.literal or self.config.knowledge:
            # Detached: what the words need of the picture must not bend what the picture says by itself.
            branches["reading"] = READING_SHARE * self.reading(latent.detach(), batch)
        if self.config.knowledge:
            branches["evidence"] = TRUST * batch.evidence
        found: tuple[Tensor | None, Tensor | None, Tensor | None] = (None, None, None)
        if self.config.scrim:
            branches["parts"], *rest = self.parts(batch.shallow, batch.deep)
            found = (rest[0], rest[1], rest[2])
        logits = torch.stack(list(branches.values())).sum(0)
        return Judgement(logits, branches, latent, *found)


TRUST = 0.3
"""What the log-odds of the lexicon are multiplied by: words are not independent.

It is not learnt. On the photos that a network is trained on it comes to need no knowledge; on others it would.
"""


READING_SHARE = 0.2
"""What the scores of the attention are multiplied by: it fits the photos it was trained on far better than others."""

HIDDEN_WORDS = 0.3
"""Share of the words that the attention does not get to see in training: on other photos other words are misread."""

SPELLING_GAIN = PICTURE_GAIN = 8.0
"""What unit vectors of thousands of features are multiplied by."""


class VisualBranch(nn.Module):
    """Scores from the picture, linear and through one hidden layer."""

    def __init__(self, classes: int, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(SEEN)
        self.linear = nn.Sequential(nn.Dropout(dropout), nn.Linear(SEEN, classes))
        self.hidden = nn.Sequential(nn.Dropout(dropout), nn.Linear(SEEN, width), nn.BatchNorm1d(width), nn.GELU())
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, SEEN) to scores (B, C) and the latent features (B, width)."""
        # Of one length, so that no photo's contrast drowns the others', then into the range of the other branches.
        normal = PICTURE_GAIN * unit(self.norm(seen))
        latent = self.hidden(normal)
        return self.linear(normal) + self.head(latent), latent


class ReadingBranch(nn.Module):
    """Scores from the words: enriched by what they name, gathered by the picture (section 2.2 of the paper's spec)."""

    def __init__(self, config: ClassifierConfig, classes: int) -> None:
        super().__init__()
        width, dropout = config.width, config.dropout
        self.seen = nn.Linear(width, width) if config.visual else None
        self.glance = nn.Parameter(torch.zeros(width))
        self.knowledge = EntityAttention(WIDTH, width, dropout) if config.knowledge else None
        self.plain = nn.Sequential(nn.Linear(WIDTH, width), nn.LayerNorm(width)) if not config.knowledge else None
        self.gather = VisualKnowledgeAttention(width, dropout)
        self.hidden = nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(dropout))
        self.head = nn.Linear(width, classes)

    def forward(self, latent: Tensor, batch: PhotoBatch) -> Tensor:
        """Return (B, C); `latent` (B, width) is the picture's, ignored without a visual branch."""
        query = self.glance + (self.seen(latent) if self.seen is not None else torch.zeros_like(batch.words[:, 0, :1]))
        there = batch.present
        if self.training:
            there = there & (torch.rand(there.shape) >= HIDDEN_WORDS)
        # An absent word is let in where a row has none, so that inside the knowledge branch no softmax runs over an
        # empty row; the cross-attention masks it again.
        present = there.clone()
        present[:, 0] |= ~there.any(dim=1)
        if self.knowledge is not None:
            words = self.knowledge(batch.words, present, batch.entities, batch.weights)
        else:
            assert self.plain is not None
            words = self.plain(batch.words)
        scores: Tensor = self.head(self.hidden(self.gather(query, words, there)))
        return scores


class PartsBranch(nn.Module):
    """Scores from the parts of a picture (SCRIM-style, reconstructed from the abstract)."""

    def __init__(self, config: ClassifierConfig, classes: int) -> None:
        super().__init__()
        _, _, shallow, deep = EFFICIENTNET_LITE0_CHANNELS
        width = config.width
        self.modules_of_depth = nn.ModuleList(
            CoarseParts(channels, config.parts, width) for channels in (shallow, deep)
        )
        self.fine = FineParts(deep, config.regions, width)
        self.region_head = nn.Linear(width, classes)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear((2 + config.regions) * width, classes))

    def forward(self, shallow: Tensor, deep: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return scores (B, C), parts (B, 2, width), each window's scores (B, M, C), its informativeness (B, M)."""
        # Maps of many photos are kept in half precision.
        shallow, deep = shallow.float(), deep.float()
        first, _ = self.modules_of_depth[0](shallow)
        second, attention = self.modules_of_depth[1](deep)
        regions = self.fine(deep, attention)
        parts = torch.stack([first, second], dim=1)
        everything = torch.cat([unit(parts).flatten(1), unit(regions.features).flatten(1)], dim=1)
        return self.head(everything), parts, self.region_head(regions.features), regions.scores


class Experts(nn.Module):
    """Several networks side by side, each for classes of its own; the others' are "anything else" to it.

    Args:
        config: which parts each network has.
        sizes: how many classes each network has.
    """

    def __init__(self, config: ClassifierConfig, sizes: Sequence[int]) -> None:
        super().__init__()
        self.config = config
        self.sizes = tuple(sizes)
        self.networks = nn.ModuleList(KnowledgeClassifier(config, size) for size in sizes)

    def forward(self, batch: PhotoBatch) -> Judgement:
        """Judge B photos; the classes of the first network come first. Only the scores are joined."""
        evidence = torch.split(batch.evidence, list(self.sizes), dim=1)
        judged = [network(replace(batch, evidence=own)) for network, own in zip(self.networks, evidence, strict=True)]
        branches = {name: torch.cat([each.branches[name] for each in judged], dim=1) for name in judged[0].branches}
        return Judgement(torch.cat([each.logits for each in judged], dim=1), branches, judged[0].latent)
