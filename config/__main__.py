"""``python -m config`` is ``izba``."""

from config.cli import main

if __name__ == "__main__":
    main()
