"""Archives of real files made into one store of registered disks and their pairs."""

from training.data.archive import Plan, Summary, prepare
from training.data.journal import StoreError
from training.data.store import Pairs, Sample, open_store

__all__ = ["Pairs", "Plan", "Sample", "StoreError", "Summary", "open_store", "prepare"]
