"""The folder of a run, looked at before torch is imported: what is refused there is refused at once."""

from __future__ import annotations

from pathlib import Path


def check_run_folder(output_dir: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise ValueError where no run may be made in the folder, as `RunFolder.check` says; a finished run is only read.

    Of several processes that train together the first one looks. Whether a lock still holds is left to the run.
    """
    from ..data.kept import LOCK
    from ..runs.folder import RunFolder, is_first_process

    folder = RunFolder(output_dir)
    if (folder.place / LOCK).exists() or (resume and not overwrite and folder.finished()) or not is_first_process():
        return
    folder.check(resume=resume, overwrite=overwrite)
