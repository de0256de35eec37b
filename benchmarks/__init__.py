"""Programs that measure and write JSON; the tables of the documents are generated from it."""
