"""What a parsed query asks the index for: letters to align, vectors to compare, patterns to try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textsearch.alignment import WHOLE, Ends
from textsearch.alphabet import Alphabet, marked, normalise
from textsearch.errors import QueryError
from textsearch.grammar import Alternative, Clause, Phrase, Regex, Word, error_at, parse
from textsearch.matching.patterns import compile_pattern


@dataclass(frozen=True)
class Target:
    """Letters to look for.

    Attributes:
        word: the letters, normalised.
        ends: where they begin and end; WHOLE for a plain word, which is also found as a part of another.
        marked: the letters with the diacritics that were typed; None if there were none.
    """

    word: str
    ends: Ends = WHOLE
    marked: str | None = None

    @property
    def is_plain(self) -> bool:
        """Return whether this is a word without stars."""
        return self.ends == WHOLE


@dataclass(frozen=True)
class Pattern:
    """A regular expression to try on words and lines; `word` is how it was written."""

    word: str
    compiled: re.Pattern[str]


@dataclass(frozen=True)
class Words:
    """Words that stand beside each other, in this order; `joined` are all of them written as one."""

    words: tuple[Target, ...]
    joined: Target


Sought = Target | Pattern | Words


@dataclass(frozen=True)
class Plan:
    """A query as the index understands it.

    Attributes:
        text: exactly as it was given.
        wanted: alternatives of each clause that should hold; without any clause only conditions on photos count.
        excluded: alternatives none of which may hold.
        joined: the words of the query written as one, for signs that leave out the space; None if it is not just two or
            more plain words.
    """

    text: str
    wanted: tuple[tuple[Sought, ...], ...]
    excluded: tuple[Sought, ...]
    joined: Target | None

    @classmethod
    def of(cls, text: str, alphabet: Alphabet) -> Plan:
        """Read a query.

        Raises:
            QueryError: it is empty or malformed, nothing of it can be searched, or some letters of it cannot.
        """
        clauses = parse(text).clauses
        reader = _Reader(text, alphabet)
        wanted = [found for clause in clauses if not clause.excluded and (found := reader.clause(clause))]
        excluded = [sought for clause in clauses if clause.excluded for sought in reader.clause(clause)]
        if not wanted:
            what = "only says what to leave out" if excluded else "holds no letter or digit"
            raise QueryError(f"The query {text!r} {what}; give at least one word to look for.")
        words = [sought for clause in wanted for sought in clause if isinstance(sought, Target) and sought.is_plain]
        joinable = len(words) > 1 and len(words) == sum(len(clause) for clause in wanted) == len(wanted)
        return cls(text, tuple(wanted), tuple(excluded), _joined(words) if joinable else None)

    @property
    def sought(self) -> tuple[Target | Pattern, ...]:
        """Return all letters and expressions that should be there, each once, in the order of the query."""
        joined = () if self.joined is None else (self.joined,)
        return _parts([*(sought for clause in self.wanted for sought in clause), *joined])

    @property
    def targets(self) -> tuple[Target, ...]:
        """Return all letters to look for, each once: those that should be there, then those that must not."""
        parts = dict.fromkeys((*self.sought, *_parts(self.excluded)))
        return tuple(part for part in parts if isinstance(part, Target))

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words that are looked for, each once, without those that must not be there."""
        found: list[str] = []
        for sought in (sought for clause in self.wanted for sought in clause):
            found += [word.word for word in sought.words] if isinstance(sought, Words) else [sought.word]
        return tuple(dict.fromkeys(found))


class _Reader:
    """Turns the parts of a syntax tree into what is sought; letters that cannot be read are an error."""

    def __init__(self, text: str, alphabet: Alphabet) -> None:
        self.text = text
        self.alphabet = alphabet

    def clause(self, clause: Clause) -> tuple[Sought, ...]:
        found = (self.alternative(alternative) for alternative in clause.alternatives)
        return tuple(sought for sought in found if sought is not None)

    def alternative(self, alternative: Alternative) -> Sought | None:
        """Return what an alternative asks for, None if it is punctuation only."""
        if isinstance(alternative, Regex):
            return Pattern(str(alternative), compile_pattern(alternative, self.text))
        if isinstance(alternative, Phrase):
            words = [self.target(word, WHOLE, alternative.position) for word in alternative.words]
            known = tuple(word for word in words if word is not None)
            if len(known) < 2:
                return known[0] if known else None
            return Words(known, _joined(known))
        return self.target(alternative.text, _ends(alternative), alternative.position)

    def target(self, text: str, ends: Ends, position: int) -> Target | None:
        word = normalise(text)
        problem = unreadable(word, self.alphabet)
        if problem:
            raise error_at(self.text, position, problem)
        typed = marked(text)
        return Target(word, ends, typed if typed != word else None) if word else None


def _ends(word: Word) -> Ends:
    return Ends(not word.open_start, not word.open_end)


def unreadable(word: str, alphabet: Alphabet) -> str | None:
    """Return why a normalised word cannot be searched; None if all of its letters can be read."""
    unknown = ", ".join(dict.fromkeys(letter for letter in word if letter not in alphabet.letters))
    if not unknown:
        return None
    return f"This index cannot read {unknown}; leave it out. What can be searched: textsearch info --alphabet"


def readable(text: str, alphabet: Alphabet) -> str:
    """Return a text normalised, all of it letters.

    Raises:
        QueryError: nothing of it can be searched, or some letters of it cannot.
    """
    word = normalise(text)
    problem = unreadable(word, alphabet) if word else f"{text!r} holds no letter or digit; give at least one."
    if problem:
        raise QueryError(problem)
    return word


def _joined(words: Sequence[Target]) -> Target:
    typed = "".join(word.marked or word.word for word in words) if any(word.marked for word in words) else None
    return Target("".join(word.word for word in words), marked=typed)


def _parts(sought: Sequence[Sought]) -> tuple[Target | Pattern, ...]:
    """Return the letters and expressions that some things are made of, each once."""
    found: dict[Target | Pattern, None] = {}
    for each in sought:
        found |= dict.fromkeys((*each.words, each.joined) if isinstance(each, Words) else (each,))
    return tuple(found)
