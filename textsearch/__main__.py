"""`python -m textsearch`: the command, also where its script is not on the PATH."""

from textsearch.cli.main import main

main()
