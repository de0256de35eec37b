"""`textsearch categories`: what the indexed photos show, the tree behind it, and categories of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from textsearch.cli import render
from textsearch.cli.context import IndexOption, JsonOption, examples, open_database
from textsearch.cli.output import emit, emit_json, note, printable, shows_table
from textsearch.errors import TextSearchError

if TYPE_CHECKING:
    from textsearch.index.records import OwnCategory
    from textsearch.knowledge.lexicon import Category, Lexicon

EXAMPLES = examples(
    "textsearch categories                           what the photos show, and how many of them",
    "textsearch categories list restaurant           only kinds of restaurant",
    "textsearch categories tree drink                all drinks that are known",
    'textsearch categories add "climbing gym" --words "boulder, climbing, belay" --examples ./gyms',
    'textsearch categories remove "climbing gym"',
    then="Search by them: textsearch open --category cafe; all of them: textsearch --category cafe.",
)

NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Only this category and what is below it.", show_default=False)
]


class DefaultGroup(TyperGroup):
    """A group of commands in which `textsearch categories NAME` means `textsearch categories list NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` first unless the first word is a command or asks for help."""
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DefaultGroup,
    help="List the categories that photos show, the tree of all that are known, or add some of your own.",
    epilog=EXAMPLES,
    rich_markup_mode=None,
)


@app.command("list")
def list_shown(name: NameArgument = None, index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List what the indexed photos show, most frequent first, and the categories of your own."""
    from textsearch.knowledge.lexicon import default_lexicon

    lexicon = default_lexicon()
    with open_database(index) as database:
        own = database.categories()
        shown = database.shown_categories()
    if name is not None:
        found, own = _find(name, lexicon, own)
        below = {each for meant in found for each in lexicon.below(meant.identifier)}
        shown = {identifier: count for identifier, count in shown.items() if identifier in below}
    rows = sorted(shown.items(), key=lambda row: (-row[1], row[0]))
    if as_json:
        emit_json(
            {
                "shown": [{**_as_dict(lexicon.category(each), lexicon), "photos": count} for each, count in rows],
                "own": [_own_as_dict(each) for each in own],
            }
        )
        return
    for identifier, count in rows:
        emit(_line(f"{count}", lexicon.category(identifier).name, _path_text(identifier, lexicon)))
    for each in own:
        emit(_line("own", each.name, f"words: {', '.join(each.words) or 'none'}; pictures: {len(each.examples)}"))
    if not rows and not own:
        note("no indexed photo shows any of these; `textsearch categories tree` lists what is known")


@app.command("tree")
def tree(
    name: NameArgument = None,
    depth: Annotated[
        int | None, typer.Option("--depth", metavar="N", min=0, help="Levels below the first.  [default: all]")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the tree of all categories that are known, whether or not a photo shows them."""
    from textsearch.knowledge.lexicon import default_lexicon

    lexicon = default_lexicon()
    roots = [lexicon.category(each) for each in lexicon.category_identifiers if lexicon.category(each).parent is None]
    found = _find(name, lexicon)[0] if name is not None else []
    levels = [row for root in found[:1] or roots for row in _descend(root, lexicon, 0, depth)]
    if as_json:
        emit_json({"categories": [_as_dict(category, lexicon) for category, _ in levels]})
        return
    emit("".join(f"{'  ' * level}{printable(category.name)}  [{category.identifier}]\n" for category, level in levels))
    if found[1:]:
        note(f"{name} also means {', '.join(each.identifier for each in found[1:])}")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the category is called.", show_default=False)],
    words: Annotated[
        str, typer.Option("--words", metavar="TEXT", help="What photos of it say, with commas between.")
    ] = "",
    pictures: Annotated[
        list[Path] | None,
        typer.Option("--examples", metavar="PATH", help="Pictures of it, or a folder of them; may be repeated."),
    ] = None,
    index: IndexOption = None,
) -> None:
    """Add a category of your own to the index, or replace it; nothing has to be trained or indexed again."""
    with open_database(index) as database:
        added = database.add_category(name, words.split(","), pictures or ())
    note(f"added {added.name}; words: {len(added.words)}, pictures: {len(added.examples)}; search for it by its name")


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the category is called.", show_default=False)],
    index: IndexOption = None,
) -> None:
    """Remove a category of your own from the index."""
    with open_database(index) as database:
        database.remove_category(name)
    note(f"{name} is removed")


def _find(name: str, lexicon: Lexicon, own: Sequence[OwnCategory] = ()) -> tuple[list[Category], list[OwnCategory]]:
    """Return what --category NAME means: categories, best first, or some of the user's own.

    Raises:
        TextSearchError: it means none.
    """
    from textsearch.knowledge.lexicon import Category
    from textsearch.knowledge.question import ask_category

    asked = ask_category(name, lexicon, own)
    if asked is None:
        raise TextSearchError(f"There is no category {name!r}; `textsearch categories tree` lists those there are.")
    targets = [sense.target for sense in asked.senses]
    found = [target for target in targets if isinstance(target, Category)]
    return found, [each for each in own if any(each is target for target in targets)]


def _descend(category: Category, lexicon: Lexicon, level: int, depth: int | None) -> Iterator[tuple[Category, int]]:
    """Yield a category and what is below it, each with its level."""
    yield category, level
    if depth is None or level < depth:
        for child in sorted(lexicon.children(category.identifier), key=lambda each: each.name.lower()):
            yield from _descend(child, lexicon, level + 1, depth)


def _line(count: str, name: str, about: str) -> str:
    """Return one line: aligned for a person, with tabs for a program."""
    if shows_table():
        return f"{count:>7}  {printable(name):<32}  {printable(about)}\n"
    return render.tsv_line(count, name, about)


def _path_text(identifier: str, lexicon: Lexicon) -> str:
    return " < ".join(category.name for category in lexicon.path(identifier)[1:4])


def _as_dict(category: Category, lexicon: Lexicon) -> dict[str, Any]:
    """Return a category as JSON types."""
    path = [above.identifier for above in lexicon.path(category.identifier)[1:]]
    return {"identifier": category.identifier, "name": category.name, "gloss": category.gloss, "path": path}


def _own_as_dict(category: OwnCategory) -> dict[str, Any]:
    return {"name": category.name, "words": list(category.words), "pictures": len(category.examples)}
