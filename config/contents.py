"""Where photos and papers lie, by the settings."""

from config.settings import Settings
from registry.files.contents import Contents, DirectoryContents

FOLDER = "files"


def contents_of(settings: Settings) -> Contents:
    """The folder in the data directory, or the bucket that the settings name."""
    if not settings.files_url:
        return DirectoryContents(settings.data_dir / FOLDER)
    from registry.files.bucket import bucket  # its library takes 5 MB, for the offices that have a bucket

    return bucket(
        settings.files_url,
        settings.files_endpoint,
        settings.files_region,
        settings.files_key_id,
        settings.files_secret.get_secret_value(),
    )
