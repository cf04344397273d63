"""How quick is pooling? One pool, 1,000 pools and a pool of 10,000 studies, beside R's metafor in one run.

Both sides get the same numbers from one file. Each small pool is the whole answer: estimate, interval, tau2
with its Q-profile interval, I2, Q and prediction interval. The pool of 10,000 studies is fitted by
DerSimonian and Laird's estimator and by REML, each in an R process of its own, because metafor builds
k x k matrices: gigabytes and, for REML, a quarter of an hour and more. There metafor is let off the Q-profile
interval; ours is in our time. Without R or metafor the reference is left out and the run says so.

Run: python -m benchmarks.evidence            (half an hour, 10 GB)
     python -m benchmarks.evidence --small    (one pool and 1,000 pools: a minute)
"""

from __future__ import annotations

import json
import os
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
R_SECONDS, R_MEMORY_KB = 5_400, 16_000_000
LARGE_BY = ("DL", "REML")

R_SIDE = r"""
suppressMessages({library(metafor); library(jsonlite)})
d <- fromJSON(commandArgs(TRUE)[1], simplifyDataFrame = FALSE)
# metafor's scoring does not settle on a few of the pools at full step: those are fitted again at half step.
fitted <- function(s, method, ...) tryCatch(rma(s$y, s$v, method = method, control = list(...)),
  error = function(e) rma(s$y, s$v, method = method, control = list(stepadj = 0.5, maxiter = 10000, ...)))
pool <- function(s, method, profile = TRUE) {
  r <- fitted(s, method)
  predict(r)
  if (profile) confint(r)
  r
}
timed <- function(f) { t <- proc.time()[3]; f(); unname(proc.time()[3] - t) }
say <- function(x) cat(toJSON(x, auto_unbox = TRUE, digits = 12), "\n")
part <- commandArgs(TRUE)[2]
invisible(pool(d$pools[[1]], "REML"))
if (part == "small") {
  one <- median(replicate(20, timed(function() for (i in 1:10) pool(d$pools[[1]], "REML")))) / 10
  many <- timed(function() for (s in d$pools) pool(s, "REML"))
  check <- sapply(d$pools, function(s) as.numeric(fitted(s, "REML", threshold = 1e-10)$beta))
  say(list(one = one, many = many, check = sum(check)))
} else {
  t <- timed(function() r <<- pool(d$large, part, FALSE))
  say(setNames(list(t, as.numeric(r$beta), r$tau2), paste0(part, c("", "_b", "_tau2"))))
}
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


def metafor(data: Path, part: str) -> dict[str, float]:
    """What R measured, times in seconds: "small" for both small parts, or an estimator for the large pool.

    An empty answer means that R is missing or did not finish; the reason is printed.
    """
    if shutil.which("Rscript") is None:
        print("R is not installed here: no reference in this run")
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
        script.write(R_SIDE)
        script.flush()
        limited = f"ulimit -v {R_MEMORY_KB}; exec Rscript {script.name} {data} {part}"
        try:
            done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=R_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"metafor's part {part} did not finish in {R_SECONDS} s")
            return {}
    if done.returncode:
        print(f"metafor's part {part} failed: {(done.stderr.strip().splitlines() or ['R said nothing'])[-1]}")
        return {}
    found: dict[str, float] = json.loads(done.stdout)
    return found


def told(name: str, ours: float, theirs: float | None) -> bool:
    """Prints one line of the table; true when we were the slower."""
    line = f"{name:42} {ours * 1000:10.2f} ms"
    if theirs is not None:
        line += f"   metafor {theirs * 1000:13.2f} ms   ratio {ours / theirs:.7f}"
    print(line, flush=True)
    return theirs is not None and ours > theirs


def small(pools: list[dict[str, list[float]]], data: Path) -> bool:
    """One pool and 1,000 pools; true when slower than metafor or at odds with it."""
    arrays = [(np.array(s["y"]), np.array(s["v"])) for s in pools]
    one = seconds(lambda: fit(*arrays[0]), 200)
    many = seconds(lambda: [fit(y, v) for y, v in arrays])
    theirs = metafor(data, "small")
    slower = told(f"one pool of {len(pools[0]['y'])} studies, REML", one, theirs.get("one"))
    slower |= told(f"{POOLS:,} pools of 3 to 39 studies, REML", many, theirs.get("many"))
    if "check" in theirs:
        gap = abs(sum(fit(y, v).estimate for y, v in arrays) - theirs["check"])
        print(f"  the sums of the {POOLS:,} estimates differ by {gap:.1e}")
        slower |= gap > 1e-3
    return slower


def large(made: dict[str, list[float]], estimator: str, data: Path) -> bool:
    """The pool of 10,000 studies by one estimator; true when slower than metafor or at odds with it."""
    y, v = np.array(made["y"]), np.array(made["v"])
    ours = seconds(lambda: fit(y, v, estimator=estimator), 5)
    theirs = metafor(data, estimator)
    slower = told(f"one pool of {LARGE:,} studies, {estimator}", ours, theirs.get(estimator))
    if estimator in theirs:
        got = fit(y, v, estimator=estimator)
        gaps = abs(got.estimate - theirs[f"{estimator}_b"]), abs(got.tau2 - theirs[f"{estimator}_tau2"])
        print(f"  the estimates differ by {gaps[0]:.1e}, tau2 by {gaps[1]:.1e}", flush=True)
        slower |= max(gaps) > 1e-4
    return slower


def main() -> int:
    """Prints the table; exit 1 when a pool is slower than metafor or disagrees with it."""
    chance = np.random.default_rng(SEED)
    pools = [studies(chance, int(k)) for k in chance.integers(3, 40, POOLS)]
    much = studies(chance, LARGE)
    fit(np.array(much["y"][:5]), np.array(much["v"][:5]))
    print(f"load of this machine at the start: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.json"
        data.write_text(json.dumps({"pools": pools, "large": much}))
        slower = small(pools, data)
        for estimator in () if "--small" in sys.argv else LARGE_BY:
            slower |= large(much, estimator, data)
    print(f"load of this machine at the end: {os.getloadavg()[0]:.2f}")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
