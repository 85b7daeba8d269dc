"""`python -m lakeshell`."""

from lakeshell.cli.main import main

if __name__ == "__main__":
    main()
