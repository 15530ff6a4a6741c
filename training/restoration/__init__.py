"""What restores an image or reads a drawing, scored on the known Sun."""
