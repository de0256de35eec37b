"""The behaviour that all commands share: errors become one sentence, and text alone is a query."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from textsearch.cli.output import close_broken_pipe, note
from textsearch.errors import TextSearchError

DEFAULT_COMMAND = "query"


class CommandGroup(TyperGroup):
    """A group of commands in which `textsearch TEXT` means `textsearch query TEXT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command first unless the first word is a command or an option of the program itself."""
        own = {name for parameter in self.get_params(ctx) for name in (*parameter.opts, *parameter.secondary_opts)}
        if args and args[0] not in self.commands and args[0] not in own:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a mistake that has a name ends it with one sentence and the exit code 2."""
        try:
            return super().invoke(ctx)
        except TextSearchError as error:
            note(f"textsearch: {error}")
            raise typer.Exit(2) from error
        except BrokenPipeError as error:
            close_broken_pipe()
            raise typer.Exit(0) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(130) from error
