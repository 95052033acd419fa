"""The command line: `assay`, or `python -m assay`."""

from __future__ import annotations

import ctypes
import signal
import sys

from ._library import lib


def main() -> None:
    """Runs the command line with the arguments of this process, and does not return."""
    # The program handles signals by itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    arguments = ["assay", *sys.argv[1:]]
    array = (ctypes.c_char_p * (len(arguments) + 1))(*[text.encode("utf-8", "surrogateescape") for text in arguments], None)
    sys.stdout.flush()
    lib.assay_main(len(arguments), array)


if __name__ == "__main__":
    main()
