"""What the operating system says, in words of ours."""

import errno
import socket

from registry.core.errors import N_, Reason

_SYSTEM: dict[int | None, str] = {
    errno.ENOENT: N_("it is not there"),
    errno.EACCES: N_("access is denied"),
    errno.EPERM: N_("access is denied"),
    errno.EISDIR: N_("it is a directory"),
    errno.ENOTDIR: N_("a part of its path is no directory"),
    errno.ENAMETOOLONG: N_("its name is too long"),
    errno.ENOSPC: N_("the disk is full"),
    errno.EROFS: N_("the disk is read-only"),
    errno.EMFILE: N_("too many files are open"),
    errno.ECONNREFUSED: N_("nothing listens there"),
    errno.ECONNRESET: N_("the connection was cut"),
    errno.EHOSTUNREACH: N_("there is no way to it"),
    errno.ENETUNREACH: N_("there is no way to it"),
    errno.ETIMEDOUT: N_("it took too long"),
}


def system_reason(fault: OSError) -> Reason:
    """What the operating system says, in words of ours; the rest is quoted."""
    if isinstance(fault, socket.gaierror):
        return Reason(N_("its name leads to no address"))
    text = _SYSTEM.get(fault.errno)
    return Reason(text) if text else Reason(N_("the system says “{told}”"), told=fault.strerror or str(fault))
