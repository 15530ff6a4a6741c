"""``python -m farside.cli``."""

from farside.cli.app import main

if __name__ == "__main__":
    main()
