"""Images on a common disk grid, in instrument pixels, or seen by another observer."""
