"""What a hit shows and why it stands where it does, in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from textsearch.alphabet import normalise
from textsearch.hits import Fact, Hit, Match
from textsearch.types import MatchKind

_STRENGTH: dict[MatchKind, int] = {"knowledge": 0, "similar": 0, "partial": 1, "exact": 2}

_NEXT_TO_EACH_OTHER, _NEAR = 0.9, 0.4
"""From this closeness on, words are said to stand next to each other, or near each other."""


_PATH = 4
"""Categories of a path that are told; the widest say nothing."""


@dataclass(frozen=True)
class Reading:
    """What was read in one region, and which of its letters answer the query.

    Attributes:
        text: the region's transcript.
        spans: first and one past the last matched character, in order, without overlaps.
    """

    text: str
    spans: tuple[tuple[int, int], ...]

    @property
    def is_whole(self) -> bool:
        """Return whether all of the text answers the query."""
        return self.spans == ((0, len(self.text)),)

    def pieces(self) -> list[tuple[str, bool]]:
        """Return the text cut at the ends of the spans, and for each piece whether it answers the query.

        >>> Reading("WHOLESALE", ((5, 9),)).pieces()
        [('WHOLE', False), ('SALE', True)]
        """
        cuts = sorted({0, len(self.text), *(end for span in self.spans for end in span)})
        return [(self.text[a:b], any(first <= a < stop for first, stop in self.spans)) for a, b in pairwise(cuts)]

    def bracketed(self) -> str:
        """Return the text with brackets around the letters that answer the query, none where all of them do.

        >>> Reading("WHOLESALE", ((5, 9),)).bracketed(), Reading("SALE", ((0, 4),)).bracketed()
        ('WHOLE[SALE]', 'SALE')
        """
        if self.is_whole:
            return self.text
        return "".join(f"[{piece}]" if answers else piece for piece, answers in self.pieces())


def readings(matches: Iterable[Match]) -> list[Reading]:
    """Return what was read in the matched regions; a region that answers two words of the query is named once."""
    spans: dict[int, list[tuple[int, int]]] = {}
    texts: dict[int, str] = {}
    for match in matches:
        texts[match.region_id] = match.text
        spans.setdefault(match.region_id, []).append(match.span)
    return [Reading(text, _joined(spans[region], len(text))) for region, text in texts.items()]


def _joined(spans: Iterable[tuple[int, int]], length: int) -> tuple[tuple[int, int], ...]:
    """Return the spans within a text of some length, in order; those that overlap or touch become one."""
    joined: list[tuple[int, int]] = []
    for first, stop in sorted((max(0, first), min(stop, length)) for first, stop in spans):
        if first >= stop:
            continue
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((first, stop))
    return tuple(joined)


def reasons(hit: Hit, before: Hit | None) -> list[str]:
    """Return why a hit is in the result and why it stands where it does, one sentence each.

    Args:
        hit: the hit.
        before: the hit one rank higher; None for the first, and where it is not known.
    """
    known = [known_reason(fact, hit.matches) for fact in hit.facts]
    if hit.kind == "knowledge":
        told = ["Found by what is known about it, whatever its texts say.", *known]
        return [*told, *_place_reasons(hit, before)]
    if not hit.matches:
        return ["No text in it resembles the query.", *known]
    as_typed = [match.word for match in hit.matches if match.kind == "exact" and normalise(match.text) == match.word]
    told = [f"{_listed(as_typed)} there, letter for letter."] if as_typed else []
    told += [_match_reason(match) for match in hit.matches if match.word not in as_typed]
    if hit.explanation.phrase is not None and len(hit.matches) > 1:
        told.append(_phrase_reason(hit.explanation.phrase))
    return [*told, *known, *_place_reasons(hit, before)]


def known_reason(fact: Fact, matches: Iterable[Match]) -> str:
    """Return one thing that is known about a photo and who says so; words that say it are quoted if they match."""
    words = {match.region_id: match.text for match in matches if match.region_id in fact.region_ids}
    quoted = f"The text “{' '.join(words.values())}”"
    texts = quoted if words and len(words) == len(fact.region_ids) else "Texts on it"
    if fact.kind == "own":
        return f"Your category “{fact.name}”: it {fact.gloss} ({fact.score:.0f} of 100)."
    sources = {
        "entity": f"{texts} can name",
        "category": "Picture and texts together show",
        "scene": "The picture shows",
    }
    gloss = f" ({fact.gloss})" if fact.gloss else ""
    shown = [*fact.path[:_PATH], *(["…"] if len(fact.path) > _PATH else [])]
    path = f": {' < '.join(shown)}" if shown else ""
    return f"{sources[fact.kind]} {fact.name}{gloss}{path} ({fact.score:.0f} of 100)."


def _place_reasons(hit: Hit, before: Hit | None) -> list[str]:
    """Return why a hit stands where it does, if that can be told."""
    if before is not None:
        return [_rank_reason(hit, before)]
    return ["First: no photo answers better."] if hit.rank == 1 else []


def _listed(words: Sequence[str]) -> str:
    """Return words as the subject of a sentence, with its verb."""
    quoted = [f"“{word}”" for word in words]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]} are" if len(quoted) > 1 else f"{quoted[0]} is"


def _match_reason(match: Match) -> str:
    """Return how one word of the query is answered by a text that is spelt differently."""
    if match.kind == "similar":
        return f"“{match.word}” resembles “{match.text}”." if match.text else f"“{match.word}” resembles a text there."
    if match.kind == "partial":
        (reading,) = readings([match])
        return f"“{match.word}” is a part of “{reading.bracketed()}”."
    return f"“{match.word}” fits the letters of what was read as “{match.text}”."


def _phrase_reason(phrase: float) -> str:
    """Return where the words of the query stand."""
    if phrase >= _NEXT_TO_EACH_OTHER:
        return "The words stand next to each other, in this order."
    if phrase >= _NEAR:
        return "The words stand near each other, or in another order."
    return "The words stand far apart."


def _rank_reason(hit: Hit, before: Hit) -> str:
    """Return why a hit stands behind the one before it."""
    less = before.score - hit.score
    step = _STRENGTH[before.kind] - _STRENGTH[hit.kind]
    place = f"Behind number {before.rank}"
    if step > 0:
        although = ", although it scores higher" if less < 0 else ""
        return f"{place}{although}: {before.kind} goes before {hit.kind}."
    if round(less, 1) <= 0:
        return f"{place}."
    although = f", although {hit.kind} is the better match" if step < 0 else ""
    return f"{place}{although}: it scores {less:.1f} less."
