"""Programs that measure and write JSON; the README's tables are generated from it."""
