"""One region followed through disks and maps."""
