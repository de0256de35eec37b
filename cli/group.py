"""The behaviour that commands share: errors become one sentence, text alone is a query, a dash may begin a text."""

from __future__ import annotations

import os
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from textsearch.cli.output import close_broken_pipe, note_error
from textsearch.errors import TextSearchError

DEFAULT_COMMAND = "query"


class CommandGroup(TyperGroup):
    """A group of commands in which `textsearch TEXT` means `textsearch query TEXT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command first unless the first word is a command or an option of the program itself.

        Raises:
            typer.BadParameter: a command stands after options, which belong behind it.
        """
        if args and args[0] not in self.commands and args[0] not in _options(self, ctx):
            command = self._after_options(ctx, args)
            if command is not None:
                raise typer.BadParameter(
                    f"options go after the command: textsearch {command} ...; to look for the word {command}: "
                    f"textsearch query ... {command}"
                )
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def _after_options(self, ctx: Any, args: list[str]) -> str | None:
        """Return the command that follows one or more options, if the first other word is one."""
        takes_value = _options(self.commands[DEFAULT_COMMAND], ctx)
        is_value = False
        for place, word in enumerate(args):
            if is_value:
                is_value = False
            elif word.startswith("-") and word != "--":
                is_value = takes_value.get(word, False)
            else:
                return word if place and word in self.commands else None
        return None

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a mistake that has a name ends it with one sentence and the exit code 2."""
        try:
            return super().invoke(ctx)
        except TextSearchError as error:
            note_error(error)
            raise typer.Exit(2) from error
        except BrokenPipeError as error:
            close_broken_pipe()
            raise typer.Exit(0) from error
        except OSError as error:
            if error.filename is None:
                raise
            note_error(TextSearchError(f"{os.fsdecode(error.filename)}: {error.strerror}."))
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(130) from error


class TextCommand(TyperCommand):
    """A command whose arguments are a text to look for, in which a dash before a word excludes it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take a quoted text such as "-pepsi coca" as text; for a lone -pepsi say how to write it.

        Raises:
            typer.BadParameter: a word looks like an option, and is none.
        """
        takes_value = _options(self, ctx)
        kept: list[str] = []
        for place, word in enumerate(args):
            if word == "--":
                kept += args[place:]
                break
            is_value = place > 0 and takes_value.get(args[place - 1], False)
            if is_value or word.startswith("--") or not word.startswith("-") or _are_options(word, takes_value):
                kept.append(word)
            elif any(letter.isspace() for letter in word):
                # A blank in front, and the parser takes it for what it is: text.
                kept.append(f" {word}")
            else:
                raise typer.BadParameter(
                    f"{word} is no option. To leave out photos that show it, quote the whole text as in "
                    f"'{word} coca', or put it last, after two dashes: coca -- {word}"
                )
        return super().parse_args(ctx, kept)


def _options(command: Any, ctx: Any) -> dict[str, bool]:
    """Return the options of a command, and whether each takes a value."""
    return {
        name: not getattr(parameter, "is_flag", False)
        for parameter in command.get_params(ctx)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _are_options(word: str, takes_value: dict[str, bool]) -> bool:
    """Return whether a dash and some letters are short options, as in -l, -l0 or -k5; -light is a word to leave out."""
    if takes_value.get(word[:2], False):
        return True
    return all(takes_value.get(f"-{letter}") is False for letter in word[1:])
