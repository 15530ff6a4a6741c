"""Export of trained models to the formats that inference engines load."""
