"""How quick is pooling? One pool, 1,000 pools and a pool of 10,000 studies, beside R's metafor in one run.

Both sides get the same numbers from one file. Each pool is the whole answer: estimate, interval, tau2 with
its Q-profile interval, I2, Q and prediction interval. The large pool uses DerSimonian and Laird's estimator,
because metafor builds k x k matrices and its REML takes hours there; ours is shown with REML too.
Without R or metafor the reference is left out and the run says so.

Run: python -m benchmarks.evidence
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from deqi.science.evidence.pooling import fit

SEED, POOLS, LARGE = 20261123, 1_000, 10_000
R_SECONDS, R_MEMORY_KB = 600, 14_000_000

R_SIDE = r"""
suppressMessages({library(metafor); library(jsonlite)})
d <- fromJSON(commandArgs(TRUE)[1], simplifyDataFrame = FALSE)
# metafor's scoring does not settle on a few of the pools at full step: those are fitted again at half step.
fitted <- function(s, method, ...) tryCatch(rma(s$y, s$v, method = method, control = list(...)),
  error = function(e) rma(s$y, s$v, method = method, control = list(stepadj = 0.5, maxiter = 10000, ...)))
pool <- function(s, method) {
  r <- fitted(s, method)
  predict(r)
  if (method == "REML") confint(r)
  r
}
timed <- function(f) { t <- proc.time()[3]; f(); unname(proc.time()[3] - t) }
invisible(pool(d$pools[[1]], "REML"))
one <- median(replicate(20, timed(function() for (i in 1:10) pool(d$pools[[1]], "REML")))) / 10
many <- timed(function() for (s in d$pools) pool(s, "REML"))
check <- sapply(d$pools, function(s) as.numeric(fitted(s, "REML", threshold = 1e-10)$beta))
cat(toJSON(list(one = one, many = many, check = sum(check)), auto_unbox = TRUE, digits = 12), "\n")
large <- tryCatch(timed(function() pool(d$large, "DL")), error = function(e) NA)
cat(toJSON(list(large = large), auto_unbox = TRUE, digits = 12, na = "null"), "\n")
"""


def studies(chance: np.random.Generator, k: int) -> dict[str, list[float]]:
    """k made-up effects with true spread 0.3 and sampling variances between 0.01 and 0.5."""
    v = chance.uniform(0.01, 0.5, k)
    y = chance.normal(0.3, np.sqrt(v + 0.09))
    return {"y": y.round(6).tolist(), "v": v.round(6).tolist()}


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """Median time of one call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def metafor(data: Path) -> dict[str, float | None]:
    """Times of the R side in seconds; a missing key means that it did not finish."""
    if shutil.which("Rscript") is None:
        print("R is not installed here: no reference in this run")
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
        script.write(R_SIDE)
        script.flush()
        limited = f"ulimit -v {R_MEMORY_KB}; exec Rscript {script.name} {data}"
        try:
            done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=R_SECONDS)
            printed, complaint = done.stdout, done.stderr.strip()
        except subprocess.TimeoutExpired as late:
            printed, complaint = (late.stdout or b"").decode(), f"metafor did not finish in {R_SECONDS} s"
    found: dict[str, float | None] = {}
    for line in printed.splitlines():
        found.update(json.loads(line))
    if not found:
        print(f"no reference in this run: {complaint.splitlines()[-1] if complaint else 'R said nothing'}")
    return found


def main() -> int:
    """Prints the table; exit 1 when a pool is slower than metafor or disagrees with it."""
    chance = np.random.default_rng(SEED)
    pools = [studies(chance, int(k)) for k in chance.integers(3, 40, POOLS)]
    large = studies(chance, LARGE)
    arrays = [(np.array(s["y"]), np.array(s["v"])) for s in pools]
    large_y, large_v = np.array(large["y"]), np.array(large["v"])
    fit(*arrays[0])
    ours = {
        "one": seconds(lambda: fit(*arrays[0]), 200),
        "many": seconds(lambda: [fit(y, v) for y, v in arrays]),
        "large": seconds(lambda: fit(large_y, large_v, estimator="DL"), 5),
    }
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.json"
        data.write_text(json.dumps({"pools": pools, "large": large}))
        theirs = metafor(data)
    names = {
        "one": f"one pool of {len(pools[0]['y'])} studies, REML",
        "many": f"{POOLS:,} pools of 3 to 39 studies, REML",
        "large": f"one pool of {LARGE:,} studies, DL",
    }
    slower = False
    for key, name in names.items():
        other = theirs.get(key)
        line = f"{name:42} {ours[key] * 1000:10.2f} ms"
        if other:
            slower = slower or ours[key] > other
            line += f"   metafor {other * 1000:12.2f} ms   ratio {ours[key] / other:.5f}"
        elif theirs:
            line += "   metafor did not finish"
        print(line)
    print(
        f"{'one pool of 10,000 studies, REML':42} {seconds(lambda: fit(large_y, large_v), 3) * 1000:10.2f} ms"
    )
    if theirs.get("check") is not None:
        gap = abs(sum(fit(y, v).estimate for y, v in arrays) - float(theirs["check"] or 0.0))
        print(f"the {POOLS:,} estimates agree with metafor's: their sums differ by {gap:.1e}")
        slower = slower or gap > 1e-3
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
