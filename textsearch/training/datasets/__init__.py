"""Published sets of annotated photos in the formats they are handed out in: one file a family, one class a set."""
