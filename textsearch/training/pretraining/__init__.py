"""Learning from strips of text without labels (RCMSTR)."""
