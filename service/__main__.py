"""`kollegium` and `python -m service`."""

import sys

from service.commands import kollegium


def main() -> None:
    """Entry point of the console script."""
    # What the terminal's encoding lacks (an arrow, an odd file name) is shown as "?", no traceback.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None under a service manager, or somebody's own
            stream.reconfigure(errors="replace")
    kollegium(prog_name="kollegium")


if __name__ == "__main__":
    main()
