"""Products under ``YYYY/MM/DD``, an index of them, and the drop folders that they come from.

What lies in the archive is the truth: the index is made again from the products if it is lost.
"""
