"""EUV radiance of the simulated Sun: corona, loops and flares."""
