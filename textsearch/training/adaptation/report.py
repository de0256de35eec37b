"""What can be told to an adaptation and what it tells; apart from it, because torch takes long to load."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from textsearch.errors import TextSearchError

LEAST_GAIN = 1.0
"""Points of mean average precision by which degraded words have to be found better: reading all photos again should be
worth it."""

LEAST_UNSEEN = 20
"""Words that nothing was learnt from, without which nobody can tell what happens to those of other photos."""

LEAST_ALIKE = 99.0
"""Percent of the clean words that have to be read as before."""

LARGEST_LOSS = 0.5
"""Points of mean average precision that finding clean words may lose."""


@dataclass(frozen=True)
class AdaptOptions:
    """How a model is adapted.

    Attributes:
        steps: optimiser steps; a third of them learn without any reading, the rest from sure readings.
        minutes: time for training, if the steps would take longer; None: as long as they take. Cutting words out of the
            photos before, and reading all photos again after it, is not counted.
        seed: seeds everything random.
        jobs: photos read at the same time, None: one for each core that this process may use.
    """

    steps: int = 450
    minutes: float | None = None
    seed: int = 0
    jobs: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            TextSearchError: a number that makes no sense.
        """
        for name in ("steps", "minutes", "jobs"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise TextSearchError(f"{name} must be more than 0, not {value}")


@dataclass(frozen=True)
class Validation:
    """Two models on the same words of the gallery, which neither learnt from.

    Attributes:
        words: held-back strips looked at.
        queries: different words on them.
        found_before: mean average precision of finding degraded views by their word, old model, percent.
        found_after: the same, new model.
        gain: lower and upper end of the 95 % interval of the difference, over the queries.
        clean_before: mean average precision of finding the strips as they are, old model, percent.
        clean_after: the same, new model.
        read_before: degraded views that the old model reads as they are written, percent.
        read_after: the same, new model.
        alike: clean strips that the new model reads as the old one does, percent.
        unseen: words that are on no strip that was learnt from.
        unseen_before: mean average precision of finding degraded views by these, old model, percent; 0 without any.
        unseen_after: the same, new model.
    """

    words: int
    queries: int
    found_before: float
    found_after: float
    gain: tuple[float, float]
    clean_before: float
    clean_after: float
    read_before: float
    read_after: float
    alike: float
    unseen: int
    unseen_before: float
    unseen_after: float

    @property
    def objections(self) -> list[str]:
        """Return what speaks against the new model, in words; nothing if it is to be used."""
        reasons = []
        if self.gain[0] <= 0 or self.found_after < self.found_before + LEAST_GAIN:
            reasons.append(
                f"degraded words are not surely found better, by {LEAST_GAIN:g} mAP or more ({self.found_before:.1f} "
                f"before, {self.found_after:.1f} after, 95 % interval of the change {self.gain[0]:+.1f} to "
                f"{self.gain[1]:+.1f})"
            )
        if self.clean_after < self.clean_before - LARGEST_LOSS:
            changed = f"mAP {self.clean_before:.1f} before, {self.clean_after:.1f} after"
            reasons.append(f"clean words are found worse ({changed})")
        if self.unseen < LEAST_UNSEEN:
            reasons.append(
                f"only {self.unseen} of the words are new to it, too few to tell whether it finds other words worse"
            )
        elif self.unseen_after < self.unseen_before:
            changed = f"mAP {self.unseen_before:.1f} before, {self.unseen_after:.1f} after"
            reasons.append(f"degraded words that nothing was learnt from are found worse ({changed})")
        if self.alike < LEAST_ALIKE:
            reasons.append(f"{100 - self.alike:.1f} % of the clean words are read differently")
        return reasons

    def to_dict(self) -> dict[str, Any]:
        """Return the validation as JSON types."""
        return {**asdict(self), "gain": list(self.gain)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Validation:
        """Return the validation that `to_dict` described."""
        low, high = values["gain"]
        return cls(**{**values, "gain": (float(low), float(high))})


@dataclass(frozen=True)
class AdaptReport:
    """What an adaptation did.

    Attributes:
        adopted: whether the new model answers now; if not, nothing changed.
        model: name of the model that answers now.
        before: name of the model that answered before.
        strips: words cut out of the photos.
        words: those of them with a sure reading.
        validation: how both models did.
        photos: photos in the new index; 0 if it was not made.
        regions_before: texts in the old index.
        regions_after: texts in the new one; 0 if it was not made.
        readings_changed: texts of the new index that the old one does not read anywhere as often.
        seconds: duration of this run.
    """

    adopted: bool
    model: str
    before: str
    strips: int
    words: int
    validation: Validation
    photos: int
    regions_before: int
    regions_after: int
    readings_changed: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {**asdict(self), "validation": self.validation.to_dict(), "objections": self.validation.objections}
