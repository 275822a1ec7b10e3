"""``python -m sklon``: the same command as ``sklon``."""

from sklon.cli import main

if __name__ == "__main__":
    main()
