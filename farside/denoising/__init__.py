"""Series of HMI magnetograms: derotated averages and their noise."""
