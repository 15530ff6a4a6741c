"""Images that EUVI, AIA and HMI record of the simulated Sun, and the files of their archives."""
