r"""The query language: what a query may say, as a syntax tree; from text to tree and back.

    query       = clause, {space, clause}
    clause      = ["-"], alternative, {"|", alternative}
    alternative = word | quoted phrase | "/" regular expression "/"
    word        = ["*"], characters, ["*"]

A backslash makes the next character an ordinary one. Between quotes only the closing quote and the backslash mean
something, within a regular expression only the closing slash and a backslash before a slash. A quote and a
slash mean something only where an alternative begins, so 5" and 1/2 need no backslash; a minus only where a clause
begins, so Coca-Cola needs none. It excludes all alternatives of its clause, also where they are only a part of a word:
`vitamin -b` leaves out every photo that shows a b.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from textsearch.errors import QueryError

_QUOTES = '"“”„'
"""Typed by people, by word processors, and by German ones."""

_MARKS = "\\|*"
"""Characters that need a backslash anywhere in a word."""


@dataclass(frozen=True)
class Word:
    """One word.

    Attributes:
        text: its characters as typed, without backslashes.
        open_start: whether more letters may stand before it, as in *sale.
        open_end: whether more letters may stand after it, as in star*.
        position: place in the query of its first character.
    """

    text: str
    open_start: bool = False
    open_end: bool = False
    position: int = field(default=0, compare=False)

    @property
    def is_plain(self) -> bool:
        """Return whether the word has no star."""
        return not (self.open_start or self.open_end)

    def __str__(self) -> str:
        """Return the word as it is typed."""
        return "*" * self.open_start + _escaped(self.text, _MARKS, "-/" + _QUOTES) + "*" * self.open_end


@dataclass(frozen=True)
class Phrase:
    """Words that stand beside each other, in this order.

    Attributes:
        words: one or more, as typed, without backslashes.
        position: place in the query of the opening quote.
    """

    words: tuple[str, ...]
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return the phrase as it is typed."""
        return '"' + " ".join(_escaped(word, "\\" + _QUOTES) for word in self.words) + '"'


@dataclass(frozen=True)
class Regex:
    """A regular expression over the words and lines that were read.

    Attributes:
        pattern: as Python's `re` understands it.
        position: place in the query of the opening slash.
    """

    pattern: str
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        """Return the expression as it is typed."""
        return "/" + self.pattern.replace("/", "\\/") + "/"


Alternative = Word | Phrase | Regex


@dataclass(frozen=True)
class Clause:
    """One or several alternatives, one of which should be in the photo, or none of which may be.

    Attributes:
        alternatives: one or more.
        excluded: whether photos that hold one of them are left out.
    """

    alternatives: tuple[Alternative, ...]
    excluded: bool = False

    def __str__(self) -> str:
        """Return the clause as it is typed."""
        return "-" * self.excluded + "|".join(str(alternative) for alternative in self.alternatives)


@dataclass(frozen=True)
class Expression:
    """A whole query: all clauses hold.

    Attributes:
        clauses: one or more, in the order of the query.
    """

    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        """Return the query in its canonical spelling; parsing it gives this expression again."""
        return " ".join(str(clause) for clause in self.clauses)


def parse(text: str) -> Expression:
    """Return the syntax tree of a query.

    Raises:
        QueryError: the query is empty or malformed; the message ends with the query and a caret below the character.
    """
    if not text.strip():
        raise QueryError('The query is empty; give a word that can be seen in a photo, for example "exit".')
    return _Parser(text).expression()


def error_at(text: str, position: int, message: str) -> QueryError:
    """Return an error that points at a character of a query."""
    shown = "".join(" " if character.isspace() else character for character in text)
    return QueryError(f"{message}\n  {shown}\n  {' ' * position}^")


def _escaped(text: str, marks: str, first: str = "") -> str:
    """Return a text with a backslash before spaces, `marks` anywhere, and `first` at its beginning."""
    spelled = [
        "\\" + character
        if character.isspace() or character in marks or (place == 0 and character in first)
        else character
        for place, character in enumerate(text)
    ]
    return "".join(spelled)


class _Parser:
    """Reads one query from left to right; each method reads what it is named after and returns it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def expression(self) -> Expression:
        clauses = []
        self._skip_space()
        while self._next():
            clauses.append(self.clause())
            self._skip_space()
        return Expression(tuple(clauses))

    def clause(self) -> Clause:
        # A minus on its own is a dash between words, not a command.
        excluded = self._next() == "-" and not self._is_end(self.place + 1)
        self.place += excluded
        alternatives = [self.alternative()]
        while self._bar_follows():
            if self._next() == "-" and not self._is_end(self.place + 1):
                raise self._error(
                    self.place, "A minus goes before all alternatives, as in -a|b; write \\- for a minus itself."
                )
            alternatives.append(self.alternative())
        return Clause(tuple(alternatives), excluded)

    def alternative(self) -> Alternative:
        if self._next() and self._next() in _QUOTES:
            return self.phrase()
        return self.regex() if self._next() == "/" else self.word()

    def word(self) -> Word:
        start = self.place
        open_start = self._next() == "*"
        self.place += open_start
        characters: list[str] = []
        while not self._is_end(self.place) and self._next() not in "|*":
            characters.append(self._character())
        open_end = self._next() == "*"
        if open_end and not self._is_end(self.place + 1) and self._next(1) != "|":
            raise self._error(self.place, "A star may stand only before or after a word; write \\* for a star itself.")
        if not characters:
            raise self._error(start, self._missing_word(open_start))
        self.place += open_end
        return Word("".join(characters), open_start, open_end, start)

    def phrase(self) -> Phrase:
        start = self.place
        self.place += 1
        words: list[str] = []
        characters: list[str] = []
        while self._next() and self._next() not in _QUOTES:
            if self._next().isspace():
                words.append("".join(characters))
                characters = []
                self.place += 1
            else:
                characters.append(self._character())
        if not self._next():
            raise self._error(start, 'This quote is not closed; close it, or write \\" for a quotation mark itself.')
        self.place += 1
        kept = tuple(word for word in (*words, "".join(characters)) if word)
        if not kept:
            raise self._error(start, "There is nothing between these quotes.")
        self._expect_end("closing quote")
        return Phrase(kept, start)

    def regex(self) -> Regex:
        start = self.place
        self.place += 1
        pattern = []
        while self._next() and self._next() != "/":
            if self._next() == "\\" and self._next(1):
                # Only the slash loses its backslash: all others mean something to the regular expression.
                pattern.append("/" if self._next(1) == "/" else self._next() + self._next(1))
                self.place += 2
            else:
                pattern.append(self._next())
                self.place += 1
        if not self._next():
            raise self._error(start, "This regular expression is not closed; close it, or write \\/ for a slash.")
        self.place += 1
        if not pattern:
            raise self._error(start, "There is nothing between these slashes.")
        self._expect_end("closing slash")
        return Regex("".join(pattern), start)

    def _character(self) -> str:
        """Return the next character, taken literally after a backslash."""
        if self._next() == "\\":
            self.place += 1
            if not self._next():
                raise self._error(self.place - 1, "A backslash needs a character after it.")
        self.place += 1
        return self.text[self.place - 1]

    def _bar_follows(self) -> bool:
        """Return whether a bar comes next, also after spaces, and go on behind it and behind spaces after it."""
        before = self.place
        self._skip_space()
        if self._next() != "|":
            self.place = before
            return False
        bar = self.place
        self.place += 1
        self._skip_space()
        if not self._next():
            raise self._error(bar, "A bar needs a word on both sides; write \\| for a bar itself.")
        return True

    def _missing_word(self, star: bool) -> str:
        if star:
            return "A star needs letters beside it; write \\* for a star itself."
        return "A bar needs a word on both sides; write \\| for a bar itself."

    def _expect_end(self, what: str) -> None:
        if not self._is_end(self.place) and self._next() != "|":
            raise self._error(self.place, f"After the {what} there must be a space.")

    def _next(self, ahead: int = 0) -> str:
        """Return the character that comes next, empty at the end."""
        return self.text[self.place + ahead : self.place + ahead + 1]

    def _is_end(self, place: int) -> bool:
        return place >= len(self.text) or self.text[place].isspace()

    def _skip_space(self) -> None:
        while self._next().isspace():
            self.place += 1

    def _error(self, position: int, message: str) -> QueryError:
        return error_at(self.text, position, message)
