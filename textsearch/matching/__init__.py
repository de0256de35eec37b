"""From a parsed query to photos: what to look for, where it may be, and how the pieces of evidence come together."""
