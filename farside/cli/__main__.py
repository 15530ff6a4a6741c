"""``python -m farside.cli``."""

from farside.cli.app import main

main()
