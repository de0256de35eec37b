"""Evaluation as published: data sets with their queries, and the mean average precision of a ranking."""
