"""Magnetic field of the simulated Sun: regions, flux transport, quiet Sun, open field."""
