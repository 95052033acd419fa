"""The exceptions of this package."""


class AssayError(Exception):
    """Something that the engine refuses or that failed: what was found, where, and what to do about it."""


class ForkError(AssayError):
    """An engine of the parent was used in a forked process. Make a new one there."""
