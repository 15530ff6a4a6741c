"""Training of the generators that Farside serves."""
