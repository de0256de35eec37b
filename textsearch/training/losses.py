"""The losses of the similarity: cosines that follow the edit distance (TDSL, section 3.3 of the paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.random import Generator
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist
from torch import Tensor

from textsearch.models.sequence import LETTERS
from textsearch.similarity import similarity

BRANCH_TERMS = ("word_image", "word_word", "image_image", "words_of_image", "images_of_word")
"""The terms of `branch_loss`."""


def similarity_targets(first: Sequence[str], second: Sequence[str]) -> Tensor:
    """Return t(a, b) = 1 - Levenshtein(a, b) / max(|a|, |b|) for every pair, (N, M) float32."""
    return torch.from_numpy(cdist(first, second, scorer=Levenshtein.normalized_similarity, dtype=np.float32))


def edit_similarity_loss(cosines: Tensor, targets: Tensor) -> Tensor:
    """Pull cosines towards their targets: SmoothL1, averaged over all pairs plus each row's hardest pair.

    The paper trains on the hardest partner alone; the mean keeps the easy pairs in place as well.

    Args:
        cosines: (N, M) float.
        targets: (N, M) float.
    """
    return functional.smooth_l1_loss(cosines, targets) + hardest_partner_loss(cosines, targets)


def hardest_partner_loss(cosines: Tensor, targets: Tensor) -> Tensor:
    """Pull cosines towards their targets where they are worst: SmoothL1 of each row's hardest pair, averaged.

    Args:
        cosines: (N, M) float; either may be 0, and the loss with it.
        targets: (N, M) float.
    """
    if not cosines.numel():
        return cosines.sum()
    distance = functional.smooth_l1_loss(cosines, targets, reduction="none")
    return distance.max(dim=1).values.mean()


def contrastive_loss(cosines: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE with several positives: -log of the probability that falls on the row's own word.

    Args:
        cosines: (N, M) float.
        same: (N, M) bool, True where both sides are the same word; rows without any are left out.
        temperature: divides the cosines.
    """
    logits = cosines / temperature
    positive = torch.logsumexp(logits.masked_fill(~same, -torch.inf), dim=1)
    losses = torch.logsumexp(logits, dim=1) - positive
    return losses[same.any(dim=1)].mean()


def branch_loss(
    regions: Tensor, region_words: Sequence[str], words: Tensor, word_texts: Sequence[str], temperature: float = 0.05
) -> dict[str, Tensor]:
    """Return the terms of the similarity loss of one batch, weights included; their sum is trained on.

    Args:
        regions: (B, D) float, unit vectors of regions.
        region_words: what is written on each.
        words: (W, D) float, unit vectors of words: those of the batch, altered copies and others.
        word_texts: the words.
        temperature: of the contrastive terms.
    """
    word_image = similarity(words, regions)
    # Targets are made on the CPU, wherever the vectors are.
    targets = similarity_targets(word_texts, region_words).to(word_image)
    word_targets = similarity_targets(word_texts, word_texts).to(words)
    region_targets = similarity_targets(region_words, region_words).to(regions)
    same = targets == 1
    return {
        "word_image": 10 * edit_similarity_loss(word_image, targets),
        "word_word": 10 * edit_similarity_loss(similarity(words, words), word_targets),
        "image_image": 10 * edit_similarity_loss(similarity(regions, regions), region_targets),
        "words_of_image": contrastive_loss(word_image.T, same.T, temperature),
        "images_of_word": contrastive_loss(word_image, same, temperature),
    }


def published_losses(
    regions: Tensor, region_words: Sequence[str], words: Tensor, word_texts: Sequence[str]
) -> dict[str, Tensor]:
    """Return the similarity terms as TDSL was trained with them, weights included; their sum is trained on.

    The word-image term shapes the regions alone: it takes the words' vectors as given.

    Args:
        regions: (B, D) float, unit vectors of regions; B may be 0.
        region_words: what is written on each.
        words: (W, D) float, unit vectors of words; W may be 0.
        word_texts: the words.
    """
    pairs = {
        "word_image": (words.detach(), word_texts, regions, region_words),
        "word_word": (words, word_texts, words, word_texts),
        "image_image": (regions, region_words, regions, region_words),
    }
    return {
        name: 10 * hardest_partner_loss(similarity(rows, columns), similarity_targets(of_rows, of_columns).to(rows))
        for name, (rows, of_rows, columns, of_columns) in pairs.items()
    }


def spelling_loss(logits: Tensor, words: Sequence[str]) -> Tensor:
    """Return the CTC loss of regions against what is written on them, TDSL's auxiliary task.

    Words that fill all frames are left out. As torch averages: each word's loss is divided by its letters.

    Args:
        logits: (N, T, letters + 1) float, the blank last; N may be 0.
        words: N words, spelt with the letters.
    """
    frames, blank = logits.shape[1], logits.shape[2] - 1
    fitting = [number for number, word in enumerate(words) if len(word) < frames]
    if not fitting:
        return logits.sum() * 0
    return functional.ctc_loss(
        logits[fitting].float().log_softmax(dim=2).transpose(0, 1),
        torch.tensor([LETTERS.index(letter) for number in fitting for letter in words[number]]).to(logits.device),
        torch.full((len(fitting),), frames),
        torch.tensor([len(words[number]) for number in fitting]),
        blank=blank,
        zero_infinity=True,
    )


def reading_loss(
    log_probabilities: Tensor, used: NDArray[np.int64], texts: Sequence[str], classes: Mapping[str, int]
) -> Tensor:
    """Return the sum over strips of the CTC loss divided by the letters.

    Args:
        log_probabilities: (N, T, C) float, class 0 is the blank.
        used: (N,) int64, frames that lie on each strip.
        texts: what is written on each, none of them empty.
        classes: of the characters.
    """
    targets = [[classes[character] for character in text] for text in texts]
    lengths = torch.tensor([len(target) for target in targets])
    losses = functional.ctc_loss(
        log_probabilities.float().transpose(0, 1),
        torch.tensor([number for target in targets for number in target]),
        torch.from_numpy(used),
        lengths,
        reduction="none",
        zero_infinity=True,
    )
    return (losses / lengths.to(losses)).sum()


def alter(word: str, generator: Generator) -> str:
    """Insert, delete, replace or keep at each letter with odds 1:1:1:5 (TDSL's word augmentation)."""
    letters = list(word)
    place = 0
    # As published, the place moves on by one whatever happened there: a letter that another one was put before is drawn
    # for again, and the one behind a deleted letter is passed over.
    while place < len(letters):
        choice = generator.integers(8)
        other = LETTERS[int(generator.integers(len(LETTERS)))]
        if choice == 0:
            letters.insert(place, other)
        elif choice == 1:
            del letters[place]
        elif choice == 2:
            letters[place] = other
        place += 1
    return "".join(letters) or word


def words_to_compare(written: Sequence[str], lexicon: Sequence[str], others: int, generator: Generator) -> list[str]:
    """Return the words that regions are compared with: those written on them, altered copies and others, each once.

    Args:
        written: what is written on each region.
        lexicon: where other words come from.
        others: how many of those.
        generator: source of everything random.
    """
    own = sorted(set(written))
    altered = [alter(word, generator) for word in own]
    strangers = [lexicon[place] for place in generator.integers(len(lexicon), size=others)]
    return list(dict.fromkeys(own + altered + strangers))
