"""What is known about the words on signs and labels: entities, a taxonomy of categories, and how readings name them."""
