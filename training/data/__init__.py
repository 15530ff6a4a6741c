"""Training data: stores of registered disks and pairs, from archives or simulated suns."""

from training.data.archive import ArchivePlan, ArchiveSummary, prepare
from training.data.campaign import Campaign
from training.data.journal import StoreError
from training.data.pairs import Pairs, Split, open_store
from training.data.sample import Sample
from training.data.simulated import SimulationSummary, simulate

__all__ = [
    "ArchivePlan",
    "ArchiveSummary",
    "Campaign",
    "Pairs",
    "Sample",
    "SimulationSummary",
    "Split",
    "StoreError",
    "open_store",
    "prepare",
    "simulate",
]
