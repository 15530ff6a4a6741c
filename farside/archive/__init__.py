"""The archive: drop folders of input files, products under ``YYYY/MM/DD``, and an SQLite index.

The product files are authoritative: a lost index is rebuilt from them.
"""
