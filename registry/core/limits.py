"""What the process that it is set in may take; see ``registry/core/apart.py``. It loads nothing else into it."""

import resource


def bound_to(memory: int, cpu_seconds: int, largest_file: int) -> None:
    """End this process where it takes more: bytes of memory, seconds of the processor, bytes of a file."""
    for limit, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, cpu_seconds),
                        (resource.RLIMIT_FSIZE, largest_file), (resource.RLIMIT_CORE, 0)):  # fmt: skip
        resource.setrlimit(limit, (most, most))
