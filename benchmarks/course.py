"""How fast is the course model? One review, many reviews, and the ratio to NUTS on the same course.

Run: `python benchmarks/course.py [--courses N] [--workers W] [--output OUT.json]`. Processor time is printed beside
wall time: on a machine that does other things too, the first is the one to compare. The NUTS line needs `numpyro`
(not a dependency of Deqi) and is left out without it.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from deqi.science.course import kernel
from deqi.science.course.many import review_many, tasks
from deqi.science.course.model import review_rows
from deqi.science.course.simulate import simulate


def work(courses, ratings=60):
    """Courses of exactly 60 ratings: daily, reviewed at week 8."""
    made = simulate("matched", courses, 7, weeks=8, adherence=1.0)
    return [(*task[:4], task[4][-ratings:], task[5]) for task in tasks(made.ratings, made.sessions)]


def measure(function):
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - wall, time.process_time() - cpu


def one_review(todo):
    """Median of single reviews, in milliseconds of wall and of processor time."""
    taken = []
    for _, symptom, condition, on, rows, sessions in todo:
        taken.append(
            measure(lambda s=symptom, r=rows, v=sessions, c=condition, o=on: review_rows(s, r, v, c, o))
        )
    wall, cpu = np.median(np.array(taken), axis=0) * 1e3
    return {
        "wall_ms": float(wall),
        "cpu_ms": float(cpu),
        "worst_wall_ms": float(max(t[0] for t in taken) * 1e3),
    }


def many(todo, workers):
    """Wall time of `review_many`, starting the processes included, and 100,000 courses projected from it."""
    start = time.perf_counter()
    done = sum(1 for _ in review_many(todo, workers=workers))
    wall = time.perf_counter() - start
    return {"courses": done, "workers": workers, "wall_s": wall, "minutes_for_100000": wall / done * 1e5 / 60}


def nuts(todo):
    """Seconds NUTS takes for the same kind of course (4 chains of 800 + 2,500), compilation aside; None without it."""
    try:
        import jax
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist
        from numpyro.infer import MCMC, NUTS
    except ImportError:
        return None
    numpyro.enable_x64()

    def model(day, y):
        b = numpyro.sample("b", dist.TruncatedNormal(6.1, 1.7, low=0, high=10))
        effect = numpyro.sample("E", dist.Normal(1.9, 1.5))
        flare = numpyro.sample("d", dist.HalfNormal(1.1))
        s = numpyro.sample("s", dist.LogNormal(jnp.log(1.1), 0.4))
        r = numpyro.sample("r", dist.Beta(3.5, 6.5))
        om = numpyro.sample("om", dist.LogNormal(jnp.log(1.25), 0.5))
        tau = numpyro.sample("tau", dist.LogNormal(jnp.log(10.0), 0.5))
        q = numpyro.sample("q", dist.LogNormal(jnp.log(0.085), 0.5))
        steps = numpyro.sample("steps", dist.Normal(0, 1).expand([day.shape[0] - 1]))
        gap = jnp.diff(day)
        wander = jnp.concatenate([jnp.zeros(1), q * jnp.cumsum(jnp.sqrt(gap) * steps)])
        weeks = jnp.maximum(day, 0) / 7
        level = b + flare * jnp.exp(-(day - day[0]) / tau) - effect * weeks / (weeks + om) + wander
        inside = numpyro.sample("inside", dist.Uniform(0, 1).expand([y.shape[0]]))
        beyond = numpyro.sample("beyond", dist.Exponential(1.0).expand([y.shape[0]]))
        z = jnp.where(y == 0, 0.5 - beyond, jnp.where(y == 10, 9.5 + beyond, y - 0.5 + inside))
        numpyro.factor("ends", jnp.where((y == 0) | (y == 10), beyond, 0.0).sum())
        rho = r**gap
        e = z - level
        numpyro.factor("first", dist.StudentT(4, 0, s / jnp.sqrt(2)).log_prob(e[0]))
        scale = s * jnp.sqrt(1 - rho**2) / jnp.sqrt(2)
        numpyro.factor("rest", dist.StudentT(4, 0, scale).log_prob(e[1:] - rho * e[:-1]).sum())

    sampler = MCMC(
        NUTS(model, target_accept_prob=0.85),
        num_warmup=800,
        num_samples=2500,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )
    seconds = []
    for _, _, _, _, rows, sessions in todo[:2]:
        day = np.array([(at - sessions[0]).days for at, _, _ in rows], float)
        seconds.append(
            measure(
                lambda d=day, r=rows: sampler.run(jax.random.PRNGKey(0), d, np.array([v for _, v, _ in r]))
            )
        )
    return {"wall_s": seconds[-1][0], "cpu_s": seconds[-1][1]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--courses", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    todo = work(options.courses)
    review_rows(todo[0][1], todo[0][4], todo[0][5], todo[0][2], todo[0][3])  # compile
    found = {"numba": kernel.HAVE_NUMBA, "one_review": one_review(todo[:100])}
    found["many"] = many(todo, options.workers)
    cpu = found["one_review"]["cpu_ms"]
    found["many"]["processor_minutes_for_100000"] = cpu * 1e5 / 60e3
    reference = nuts(todo)
    if reference:
        found["nuts"] = reference
        found["ratio_to_nuts"] = {
            "wall": reference["wall_s"] * 1e3 / found["one_review"]["wall_ms"],
            "cpu": reference["cpu_s"] * 1e3 / cpu,
        }
    print(json.dumps(found, indent=1))
    if options.output:
        options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
