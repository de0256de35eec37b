"""`textsearch info`: what this installation can search for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import emit, emit_json, printable

if TYPE_CHECKING:
    from textsearch.alphabet import Alphabet

EXAMPLES = examples(
    "textsearch info                             the model, and how many characters of which scripts it reads",
    "textsearch info --alphabet                  the same, with samples of each script",
    'textsearch info --alphabet "Žižkov 東京"     whether a text can be searched',
    then="With a TEXT, the exit code is 0 if all of it can be searched, 1 if a character cannot, 2 for an error.",
)
_SHOWN = 40


@dataclass(frozen=True)
class Script:
    """The searchable characters of one script.

    Attributes:
        name: as in the characters' Unicode names, for example LATIN.
        characters: the characters, in the order of their code points.
    """

    name: str
    characters: str


@dataclass(frozen=True)
class Coverage:
    """What a search makes of a text.

    Attributes:
        text: the text.
        searched_as: its words as they are compared.
        missing: its letters and digits that no search can find, each once.
        ignored: its punctuation and symbols, each once: a search goes past them.
    """

    text: str
    searched_as: str
    missing: list[str]
    ignored: list[str]


def info(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Whether this can be searched; with --alphabet.")
    ] = None,
    alphabet: Annotated[
        bool, typer.Option("--alphabet", help="Tell which characters can be searched, by script.")
    ] = False,
    index: IndexOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell which model searches, and which characters it can find.

    Case, accents, strokes and width do not matter to a search: É is found as e, ł as l, ß as ss, œ as oe. The
    characters are told as the network reads them, without case, accents and width.
    """
    if text and not alphabet:
        raise typer.BadParameter("a TEXT goes with --alphabet: textsearch info --alphabet TEXT")
    with open_database(index) as database:
        model = database.model.name
        known = database.alphabet()
    if text:
        _tell_coverage(" ".join(text), known, as_json=as_json)
        return
    found = scripts(known.letters)
    if as_json:
        emit_json({"model": model, "characters": len(known.letters), "scripts": [asdict(script) for script in found]})
        return
    emit(f"model       {printable(model)}\ncharacters  {len(known.letters):,}\n\n{as_text(found, samples=alphabet)}")


def scripts(characters: Iterable[str]) -> list[Script]:
    """Return characters by the script that their Unicode names begin with, the largest script first."""
    members: dict[str, list[str]] = {}
    for character in sorted(characters):
        members.setdefault(script_of(character), []).append(character)
    found = [Script(name, "".join(letters)) for name, letters in members.items()]
    return sorted(found, key=lambda script: (-len(script.characters), script.name))


def script_of(character: str) -> str:
    """Return the first word of a character's Unicode name: nearly always its script.

    >>> script_of("é"), script_of("東"), script_of("7")
    ('LATIN', 'CJK', 'DIGIT')
    """
    return unicodedata.name(character, "UNNAMED").split()[0].partition("-")[0]


def as_text(found: Iterable[Script], *, samples: bool) -> str:
    """Return one line a script: name, count, and some of its characters."""
    lines = []
    for script in found:
        shown = "  " + printable(sample(script.characters)) if samples else ""
        lines.append(f"{script.name.lower():<14}{len(script.characters):>7,}{shown}\n")
    return "".join(lines)


def sample(characters: str) -> str:
    """Return characters with blanks between: all if they are few, else the first and some from all over the rest."""
    if len(characters) <= _SHOWN:
        return " ".join(characters)
    first, rest = characters[: _SHOWN // 2], characters[_SHOWN // 2 :]
    return " ".join([*first, "…", *rest[:: -(-len(rest) // (_SHOWN // 2))]])


def _tell_coverage(text: str, known: Alphabet, *, as_json: bool) -> None:
    """Say which characters of a text can be searched; the exit code is 1 if one cannot."""
    coverage = covered(text, known)
    if as_json:
        emit_json(asdict(coverage))
    else:
        for character in coverage.missing:
            emit(f"cannot be searched   {_named(character)}\n")
        for character in coverage.ignored:
            emit(f"ignored by a search  {_named(character)}\n")
        if not coverage.missing and coverage.searched_as:
            emit(f"can be searched, as  {printable(coverage.searched_as)}\n")
        if not coverage.searched_as:
            emit("there is no letter or digit in it, so there is nothing to search\n")
    if coverage.missing or not coverage.searched_as:
        raise typer.Exit(1)


def covered(text: str, known: Alphabet) -> Coverage:
    """Return what a search makes of a text."""
    from textsearch.alphabet import normalise, words_of

    folded = {character: normalise(character) for character in text if not character.isspace()}
    return Coverage(
        text=text,
        searched_as=" ".join(words_of(text)),
        missing=[c for c, letters in folded.items() if any(letter not in known.letters for letter in letters)],
        ignored=[c for c, letters in folded.items() if not letters],
    )


def _named(character: str) -> str:
    """Return a character with its number and name in Unicode."""
    name = unicodedata.name(character, "without a name").lower()
    return f"{printable(character)}  U+{ord(character):04X} {name}"
