"""The networks in torch: one file per box of the figure."""
