"""Find the photos in which a text can be seen, with the box and the reason."""
