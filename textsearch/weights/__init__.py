"""The packaged weights and the graphs that run them; see MODEL_CARD.md."""
