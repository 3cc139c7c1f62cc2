"""The folder of a run, looked at before torch is imported: what is refused there is refused at once."""

from __future__ import annotations

from pathlib import Path


def check_run_folder(output_dir: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise ValueError where no run may be made in the folder, as `RunFolder.check` says; one that is finished is read.

    Of several processes that train together the first one looks.
    """
    from ..runs.folder import RunFolder, is_first_process

    folder = RunFolder(output_dir)
    if is_first_process() and not (resume and not overwrite and folder.finished()):
        folder.check(resume=resume, overwrite=overwrite)
