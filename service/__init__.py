"""The BentoML service: HTTP in front of :mod:`farside`."""
