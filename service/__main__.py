"""`kollegium` and `python -m service`."""

from service.commands import kollegium


def main() -> None:
    """Entry point of the console script."""
    kollegium(prog_name="kollegium")


if __name__ == "__main__":
    main()
