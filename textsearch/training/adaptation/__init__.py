"""Adapting the network to one gallery without any label: data, training, validation, and the flow around them."""
