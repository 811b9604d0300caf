"""What is asked about devices."""

from registry.devices.models import Watch


async def watch() -> Watch:
    """Since when sensors are heard without a gap."""
    return await Watch.get_or_none(id=1) or Watch(id=1)
