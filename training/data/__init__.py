"""Training data: stores of registered disks and pairs, from archives or simulated suns."""

from training.data.archive import Plan, Summary, prepare
from training.data.campaign import Campaign
from training.data.journal import StoreError
from training.data.pairs import Pairs, Split, open_store
from training.data.sample import Sample
from training.data.simulated import Census, simulate

__all__ = [
    "Campaign",
    "Census",
    "Pairs",
    "Plan",
    "Sample",
    "Split",
    "StoreError",
    "Summary",
    "open_store",
    "prepare",
    "simulate",
]
