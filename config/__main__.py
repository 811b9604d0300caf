"""``python -m config`` is ``izba``."""

from config.commands.root import main

if __name__ == "__main__":
    main()
