"""Writes a back-up of the clinic of the environment into a folder while somebody saves at each step of it.

Run as: python -m tests.durability.backing_up FOLDER AGE_PUBLIC_KEY. Prints as JSON how many saves fell into it, how
many entries the audit log had before, and every file that was ever seen in the folder: its name, how it begins.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deqi.doors.cli.home import open_home

BEGINNING = 10


def main(folder: Path, recipient: str) -> None:
    open_home(None)
    from django.db import connection

    from deqi.record.actor import SYSTEM
    from deqi.record.audit.actions import log
    from deqi.record.audit.models import AuditHead
    from deqi.record.operations import backup

    backup.PAGES_A_STEP = 16  # a small clinic is copied in many steps, as a large one is
    before, saves, over = AuditHead.objects.get(id=1).last_id, 0, threading.Event()
    seen: set[tuple[str, str]] = set()

    def save() -> None:
        log(SYSTEM, "practice.manage", detail={"while": "a back-up is written"})
        connection.close()

    def save_at_this_step(_: str) -> None:
        nonlocal saves
        with ThreadPoolExecutor(1) as somebody_else:  # with a connection of their own
            somebody_else.submit(save).result(30)
        saves += 1

    def watch() -> None:
        while not over.is_set():
            for path in folder.glob("**/*"):
                try:
                    seen.add((path.name, path.read_bytes()[:BEGINNING].decode("latin-1")))
                except OSError:  # it has its final name now
                    continue

    folder.mkdir()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        backup.write_backup(folder, recipients=[recipient], passphrase=None, say=save_at_this_step)
    finally:
        over.set()
        watcher.join()
    print(json.dumps({"saves": saves, "before": before, "seen": sorted(seen)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
