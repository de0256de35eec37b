"""The command line: one command a file; parse, one library call, render."""
