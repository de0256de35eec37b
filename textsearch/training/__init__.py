"""Training: drawn words, data sets, losses and the loop."""
