"""Makes `expected.json`: the posterior of the change of fifty made-up courses by NUTS (NumPyro), the exact model.

Not part of the test run: it needs an environment with `numpyro` and `jax` and takes about an hour.

    python generate.py inputs                 # writes inputs.json (needs Deqi)
    python generate.py nuts FIRST LAST OUT    # samples courses FIRST..LAST-1 (needs only NumPyro)

Nothing of Deqi is used in the sampling: the model is written out again below, with every unrounded rating and every
step of the wander as an unknown of its own.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
COUNT, RATINGS, WEEKS = 50, 45, 6
PRIORS = {"dpn": (1.9, 1.5), "cipn": (1.05, (1.0 + 0.81) ** 0.5), "phn": (1.5, (1.69 + 0.81) ** 0.5)}


def make_inputs() -> list[dict]:
    """Fifty courses drawn from the prior, 45 ratings each over two weeks before and six weeks after the start."""
    rng = np.random.default_rng(5)
    courses = []
    for index in range(COUNT):
        condition = list(PRIORS)[index % 3]
        mean, sd = PRIORS[condition]
        base = np.sort(rng.choice(np.arange(-14, 0), 12, replace=False))
        days = np.concatenate([base, np.sort(rng.choice(np.arange(1, 43), RATINGS - 12, replace=False))])
        b = -1.0
        while not 0 <= b <= 10:
            b = rng.normal(6.1, 1.7)
        effect, flare = rng.normal(mean, sd), abs(rng.normal(0, 0.8))
        s, r = 1.1 * np.exp(0.4 * rng.normal()), rng.beta(3.5, 6.5)
        om, tau, q = (
            1.25 * np.exp(0.5 * rng.normal()),
            10 * np.exp(0.5 * rng.normal()),
            abs(rng.normal(0, 0.08)),
        )
        wander, noise, before, values = 0.0, 0.0, None, []
        for day in days:
            gap = 0 if before is None else day - before
            wander += q * np.sqrt(gap) * rng.normal()
            rho = 0.0 if before is None else r**gap
            noise = rho * noise + s * np.sqrt(1 - rho**2) * rng.standard_t(4) / np.sqrt(2)
            weeks = max(day, 0) / 7
            level = b + flare * np.exp(-(day - days[0]) / tau) - effect * weeks / (weeks + om) + wander
            values.append(int(np.clip(np.round(level + noise), 0, 10)))
            before = day
        courses.append(
            {"condition": condition, "days": [int(d) for d in days], "values": values, "now": 7 * WEEKS}
        )
    return courses


def sample(first: int, last: int, out: Path) -> None:
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.diagnostics import summary
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()

    def model(day, y, event_steps, rated_at, window_at, now, prior):
        b = numpyro.sample("b", dist.TruncatedNormal(6.1, 1.7, low=0, high=10))
        effect = numpyro.sample("E", dist.Normal(prior[0], prior[1]))
        flare = numpyro.sample("d", dist.HalfNormal(0.8))
        s = numpyro.sample("s", dist.LogNormal(jnp.log(1.1), 0.4))
        r = numpyro.sample("r", dist.Beta(3.5, 6.5))
        om = numpyro.sample("om", dist.LogNormal(jnp.log(1.25), 0.5))
        tau = numpyro.sample("tau", dist.LogNormal(jnp.log(10.0), 0.5))
        q = numpyro.sample("q", dist.HalfNormal(0.08))
        steps = numpyro.sample("steps", dist.Normal(0, 1).expand([event_steps.shape[0]]))
        wander = q * jnp.cumsum(jnp.sqrt(event_steps) * steps)

        def smooth(at):
            weeks = jnp.maximum(at, 0) / 7
            return flare * jnp.exp(-(at - day[0]) / tau) - effect * weeks / (weeks + om)

        level = b + smooth(day) + wander[rated_at]
        inside = numpyro.sample("inside", dist.Uniform(0, 1).expand([y.shape[0]]))
        beyond = numpyro.sample("beyond", dist.Exponential(1.0).expand([y.shape[0]]))
        z = jnp.where(y == 0, 0.5 - beyond, jnp.where(y == 10, 9.5 + beyond, y - 0.5 + inside))
        numpyro.factor("ends", jnp.where((y == 0) | (y == 10), beyond, 0.0).sum())
        rho = r ** jnp.diff(day)
        e = z - level
        numpyro.factor("first", dist.StudentT(4, 0, s / jnp.sqrt(2)).log_prob(e[0]))
        scale = s * jnp.sqrt(1 - rho**2) / jnp.sqrt(2)
        numpyro.factor("rest", dist.StudentT(4, 0, scale).log_prob(e[1:] - rho * e[:-1]).sum())
        week = now - jnp.arange(7.0)
        numpyro.deterministic("drop", -(smooth(week) + wander[window_at]).mean())

    kernel = NUTS(model, target_accept_prob=0.85)
    mcmc = MCMC(
        kernel,
        num_warmup=800,
        num_samples=2500,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )
    courses = json.loads((HERE / "inputs.json").read_text())
    found = json.loads(out.read_text()) if out.exists() else {}
    for index in range(first, last):
        if str(index) in found:
            continue
        course = courses[index]
        day = np.array(course["days"], float)
        events = sorted(
            [(d, 0, i) for i, d in enumerate(day)] + [(course["now"] - j, 1, j) for j in range(7)]
        )
        at = np.array([event[0] for event in events])
        rated = np.array([k for k, event in enumerate(events) if event[1] == 0])
        window = [0] * 7
        for k, event in enumerate(events):
            if event[1] == 1:
                window[event[2]] = k
        mcmc.run(
            jax.random.PRNGKey(index),
            day,
            np.array(course["values"]),
            np.diff(at, prepend=at[0]),
            rated,
            np.array(window),
            float(course["now"]),
            np.array(PRIORS[course["condition"]]),
            extra_fields=("diverging",),
        )
        draws = mcmc.get_samples(group_by_chain=True)
        seen = summary({name: draws[name] for name in ("drop", "b", "E", "s")}, prob=0.9)
        drop, b = np.asarray(draws["drop"]).ravel(), np.asarray(draws["b"]).ravel()
        need = np.where(b >= 4, np.maximum(2, 0.3 * b), 0.3 * b)
        found[str(index)] = {
            "drop_mean": float(drop.mean()),
            "drop_sd": float(drop.std()),
            "drop_ess": float(seen["drop"]["n_eff"]),
            "drop_rhat": float(seen["drop"]["r_hat"]),
            "p_improved": float((drop >= need).mean()),
            "p_worse": float((drop <= -1).mean()),
            "baseline_mean": float(b.mean()),
            "baseline_sd": float(b.std()),
            "day_sd_mean": float(np.asarray(draws["s"]).mean()),
            "divergences": int(np.asarray(mcmc.get_extra_fields()["diverging"]).sum()),
        }
        out.write_text(json.dumps(found, indent=1))
        print(index, found[str(index)], flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "inputs":
        (HERE / "inputs.json").write_text(json.dumps(make_inputs()))
    else:
        sample(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
