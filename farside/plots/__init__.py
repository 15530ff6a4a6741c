"""Every picture that Farside draws."""
