"""Regular expressions over what was read, kept to those that cannot run away.

Python's `re` tries one way to match after another: a repetition or a choice within a repetition can take it longer than
anybody waits. So an expression repeats and leaves open only a few times, never within a repetition, has a limited
length, and looks at the first characters of a word or line only.

What was read is compared as letters and digits without case, diacritics and punctuation. So the letters of an
expression are folded in the same way, and punctuation in it is an error, with a backslash or without, and so are
brackets that hold nothing else: it could never be found. Any other character with a backslash stays as it is.
"""

from __future__ import annotations

import re
import string
import unicodedata

from textsearch.alphabet import normalise
from textsearch.grammar import Regex, error_at

LONGEST_PATTERN = 200
"""Characters of a regular expression at most."""

LONGEST_TEXT = 100
"""Characters of a word or line that are looked at."""

MOST_REPETITIONS = 3
"""Times that *, + or {m,n} may occur."""

MOST_OPTIONS = 8
"""Times that ?, and | within a group, may occur."""

_OPTIONS_FOR_ONE = 3
"""Options that a second or third repetition takes the place of: together they would multiply the ways to match."""

_OPERATORS = "\\^$.|?*+()["
"""Characters that do not stand for themselves."""

_COMPARED = string.ascii_lowercase + string.digits + " "
"""ASCII characters that transcripts hold."""

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\(\?|[()|*+?]|\{\d+\}|\{\d*,\d*\}|.", re.DOTALL)

_CLASS_PART = re.compile(r"\\.|.", re.DOTALL)


def compile_pattern(regex: Regex, query: str) -> re.Pattern[str]:
    """Return the expression, ready to be searched for in normalised text.

    Raises:
        QueryError: it is malformed, may run away or holds punctuation.
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", regex.pattern))
    problem = _problem(regex.pattern) or _punctuation(tokens)
    if problem:
        raise error_at(query, regex.position, problem)
    try:
        return re.compile("".join(map(_normalised, tokens)), re.IGNORECASE)
    except re.error as error:
        raise error_at(query, regex.position, f"This regular expression cannot be understood: {error.msg}.") from error
    except OverflowError as error:
        raise error_at(query, regex.position, f"This regular expression cannot be understood: {error}.") from error


def _problem(pattern: str) -> str | None:
    """Return why an expression is not accepted, None if it is."""
    if len(pattern) > LONGEST_PATTERN:
        return f"A regular expression may have {LONGEST_PATTERN} characters, this one has {len(pattern)}."
    repetitions = options = 0
    # For each open group whether it can match in several ways, and whether such a group was closed just now.
    several, closed = [False], False
    for token in _TOKEN.findall(pattern):
        if token == "(?" or re.fullmatch(r"\\[1-9]", token):
            return "Only plain groups, ( ) and (?: ), can be used in a regular expression, and no references to them."
        repeats = token in "*+" or (token[0] == "{" and token[-1] == "}" and len(token) > 1)
        if repeats and closed:
            return "A repeated group may hold no repetition and no choice; it could take for ever."
        closed = False
        if token.startswith("("):
            several.append(False)
        elif token == ")" and len(several) > 1:
            closed = several.pop()
            several[-1] = several[-1] or closed
        elif repeats or token in "?|":
            several[-1] = True
            # A bar outside of groups is tried once, not once more for each way in which the rest can match.
            options += token == "?" or (token == "|" and len(several) > 1)
            repetitions += repeats and not token.strip("{}").isdigit()
    if repetitions > MOST_REPETITIONS or options > MOST_OPTIONS - _OPTIONS_FOR_ONE * max(repetitions - 1, 0):
        return (
            f"A regular expression may hold {MOST_REPETITIONS} repetitions and {MOST_OPTIONS} question marks and bars "
            f"in groups, {_OPTIONS_FOR_ONE} fewer for every repetition after the first; "
            f"this one holds {repetitions} and {options}."
        )
    return None


def _punctuation(tokens: list[str]) -> str | None:
    """Return why the punctuation in an expression is not accepted, None if there is none that stands for itself."""
    for token in tokens:
        escaped = token[1:] if token[0] == "\\" else ""
        literal = token if _is_literal(token) else escaped
        is_mark = len(literal) == 1 and not normalise(literal) and unicodedata.category(literal)[0] in "PS"
        if is_mark or (len(token) > 1 and token[0] == "[" and _holds_marks_only(token)):
            return f"Letters and digits are compared without punctuation; leave out the {token} in this expression."
    return None


def _holds_marks_only(brackets: str) -> bool:
    """Return whether [ ] can match no letter, digit or space."""
    if not brackets.isascii():
        return False
    try:
        return re.search(brackets, _COMPARED, re.IGNORECASE) is None
    except re.error:
        return False  # which is told when the whole expression is understood


def _normalised(token: str) -> str:
    """Return a part of an expression with its letters as transcripts hold them."""
    if token[0] == "[":
        return "".join(map(_normalised_in_class, _CLASS_PART.findall(token)))
    if not _is_literal(token) or token.isspace():
        return token
    letters = normalise(token)
    return letters if len(letters) < 2 else f"(?:{letters})"


def _normalised_in_class(part: str) -> str:
    """Return a part of [ ] with its letter as transcripts hold it, unless they hold two letters for it."""
    if part.isascii() or len(part) > 1:
        return part
    letters = normalise(part)
    return letters if len(letters) == 1 else part


def _is_literal(token: str) -> bool:
    """Return whether a part of an expression is a character that stands for itself, without [ ] and backslash."""
    return len(token) == 1 and token not in _OPERATORS
