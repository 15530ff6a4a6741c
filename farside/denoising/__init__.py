"""Series of HMI magnetograms: derotation, averages and noise."""
