"""From registered disks to network input, and from network output to a magnetogram in FITS."""
