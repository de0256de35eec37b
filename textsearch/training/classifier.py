"""The training loop of the classifier over cached features; resumable to the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textsearch.knowledge.network import ClassifierConfig, KnowledgeClassifier, PhotoBatch
from textsearch.training.classifier_losses import classifier_loss, knowledge_distance_loss, triples
from textsearch.training.runs import log_step, mean_terms, save_checkpoint


@dataclass(frozen=True)
class ClassifierRecipe:
    """How the classifier is trained.

    Attributes:
        config: the network's parts.
        tie_distances: whether latent distances are tied to the taxonomy's (CKFR).
        epochs: passes over the photos.
        batch: photos per step.
        learning_rate: peak rate, reached at once and falling to zero along a cosine.
        weight_decay: AdamW's.
        smoothing: share of each target that is spread over all classes.
        seed: seeds the weights, the order of the photos and the dropout.
    """

    config: ClassifierConfig = field(default_factory=ClassifierConfig)
    tie_distances: bool = False
    epochs: int = 12
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    smoothing: float = 0.05
    seed: int = 0


class ClassifierTrainer:
    """Trains one network; everything random comes from the recipe's seed.

    Args:
        recipe: see `ClassifierRecipe`.
        views: the training photos, each entry all of them as another resolution or cut shows them; every step
            draws one of the views, for all its photos.
        labels: (P,) int64, their classes; C for photos of anything else, which tied distances do not take.
        distances: (C, C) float32, between the classes in the taxonomy.
    """

    def __init__(self, recipe: ClassifierRecipe, views: list[PhotoBatch], labels: Tensor, distances: Tensor) -> None:
        self.recipe = recipe
        self._views = views
        self._labels = labels
        self._distances = distances
        self.noise = torch.Generator()
        # Fresh layers and dropout draw from torch's global state, which is put back for everybody else.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            self.network = KnowledgeClassifier(recipe.config, len(distances))
            self.noise.set_state(torch.get_rng_state())
        self._optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.epoch = 0

    def run(self, folder: Path | None = None, progress: Callable[[int, dict[str, float]], None] | None = None) -> None:
        """Train until the recipe's last epoch.

        Args:
            folder: where the state is kept after every tenth epoch and taken up again; nowhere if None.
            progress: called after each epoch with its number and its mean losses.
        """
        checkpoint = folder / "checkpoint.pt" if folder else None
        if checkpoint is not None and checkpoint.exists():
            self.load_state(torch.load(checkpoint, weights_only=True))
        while self.epoch < self.recipe.epochs:
            terms = self.train_epoch()
            if checkpoint is not None and (self.epoch % 10 == 0 or self.epoch == self.recipe.epochs):
                save_checkpoint(checkpoint, self.state())
                log_step(checkpoint.parent, self.epoch, terms)
            if progress:
                progress(self.epoch, terms)
        self.network.eval()

    def train_epoch(self) -> dict[str, float]:
        """See every photo once; return the mean loss terms."""
        self.network.train()
        terms: list[dict[str, float]] = []
        # Dropout reads the global state, which for this long is the run's own.
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.noise.get_state())
            order = torch.randperm(len(self._labels))
            # A batch norm needs more than one photo, so a last single one waits for the next epoch.
            batches = [chosen for chosen in torch.split(order, self.recipe.batch) if len(chosen) > 1]
            for number, chosen in enumerate(batches):
                self._set_rate(self.epoch + number / len(batches))
                terms.append(self._step(chosen))
            self.noise.set_state(torch.get_rng_state())
        self.epoch += 1
        return mean_terms(terms)

    def _step(self, chosen: Tensor) -> dict[str, float]:
        view = int(torch.randint(len(self._views), ()))
        judged = self.network(self._views[view].select(chosen))
        labels = self._labels[chosen]
        loss = classifier_loss(judged, labels, self.recipe.smoothing)
        terms = {"classes": loss.item()}
        if self.recipe.tie_distances:
            second, third = triples(len(chosen), torch.default_generator)
            pairs = (self._distances[labels, labels[second]], self._distances[labels, labels[third]])
            latent = judged.latent
            tied = knowledge_distance_loss(latent, latent[second], latent[third], pairs)
            terms["distances"] = tied.item()
            loss = loss + tied
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        return terms

    def state(self) -> dict[str, Any]:
        """Return everything a later run needs to go on with the same numbers."""
        return {
            "recipe": asdict(self.recipe),
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "torch": self.noise.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.noise.set_state(state["torch"])

    def _set_rate(self, epoch: float) -> None:
        cosine = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * epoch / self.recipe.epochs)).item())
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * cosine
