"""Charts as files, drawn in a process of its own: the renderer is 88 MB and stays out of the web worker.

As a command it reads a Vega-Lite specification from standard input and writes the picture to standard output:
`python -m deqi.doors.drawing png < spec.json > picture.png`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from hashlib import sha256
from threading import BoundedSemaphore, Lock
from typing import Any

SECONDS = 60
KINDS = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
KEPT = 32

_at_work = BoundedSemaphore(1)  # a stranger who asks for many pictures keeps one process busy, not all
_drawn: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


class Busy(RuntimeError):
    """Another picture is being drawn and the wait was too long."""


def picture_of(spec: dict[str, Any], kind: str = "svg") -> bytes:
    """The chart as SVG, PNG or PDF. Raises RuntimeError with the renderer's words when it cannot be drawn."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "deqi.doors.drawing", kind],
        input=json.dumps(spec).encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(said[-1] if said else "the plot could not be drawn")
    return done.stdout


def kept_picture_of(spec: dict[str, Any], kind: str, *, wait_s: float = 20) -> bytes:
    """The same for pages that anyone may open: one at a time, the last few kept. Raises Busy after `wait_s`."""
    key = sha256(f"{kind} {json.dumps(spec, sort_keys=True)}".encode()).hexdigest()
    with _lock:
        if key in _drawn:
            _drawn.move_to_end(key)
            return _drawn[key]
    if not _at_work.acquire(timeout=wait_s):
        raise Busy("another picture is being drawn")
    try:
        content = picture_of(spec, kind)
    finally:
        _at_work.release()
    with _lock:
        _drawn[key] = content
        while len(_drawn) > KEPT:
            _drawn.popitem(last=False)
    return content


def _draw(kind: str) -> bytes:
    import vl_convert

    spec = json.loads(sys.stdin.read())
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec).encode()
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, scale=2))
    return bytes(vl_convert.vegalite_to_pdf(spec))


if __name__ == "__main__":
    sys.stdout.buffer.write(_draw(sys.argv[1]))
