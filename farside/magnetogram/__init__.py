"""Disks become network input, and network output becomes a magnetogram with its FITS file."""
