"""Far-side active regions of helioseismology, and their comparison with magnetic maps."""
