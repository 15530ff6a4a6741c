"""Registration of images: common disk grid, instrument pixels, or another observer's view."""
