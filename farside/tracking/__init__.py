"""Tracking of an active region through disks and maps, and its magnetic flux."""
