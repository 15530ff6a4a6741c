"""From trained weights to what engines load."""
