"""Makes `expected.json`: the posterior of the change of fifty made-up courses by NUTS (NumPyro), the exact model;
`steady_expected.json`: that of ten people whose ratings hardly move, or move once; and `kinds_expected.json`: that of ten
courses of other kinds (weekly recall, changes of dose, treatment ended, numbness, many ratings); and `few_expected.json`:
that of four people with few ratings to hold on to.

Not part of the test run: it needs the extra `bayes` (NumPyro, JAX) and takes about an hour of one processor.

    python generate.py inputs                          # writes the inputs
    python generate.py nuts FIRST LAST OUT [INPUTS]    # samples courses FIRST..LAST-1; what OUT holds is kept

The sampling uses nothing of Deqi but the figures of the priors served, read as plain YAML: the model is written out again below, with every unrounded rating and every step of the wander as an unknown of its own. A course
whose mean is not yet known to 0.01 points is sampled again with longer chains. Each result carries its own Monte
Carlo error.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SERVED = HERE.parents[2] / "src/deqi/science/course/data/priors.yaml"
COUNT, RATINGS, WEEKS = 50, 45, 6
# A digit a day, 14 days before the first session to 42 after it; x is 10.
STEADY = (
    "5" * 57,
    "5" * 17 + "3" * 40,
    "6" * 20 + "56565" + "5" * 32,
    "2x666666666x66xx6" + "3" * 40,
    "6" * 14 + "8" + "6" * 42,
    "855788886655" + "5" + "5585555555" + "55" + "5545545553555655535555" + "5" + "555556" + "556",
    "7" * 21 + "5" * 36,
    "x" * 18 + "6" * 39,
    "3" * 21 + "0" * 36,
    "5" * 30 + "1" * 27,
)
# Condition, symptom, days of weekly ratings, their values, day of the review, end of treatment, changes of dose.
FEW = (
    ("cipn", "numbness", (-28, 70), (3, 3, 2, 2, None, 2, 2, 4, 6, 6, 5, 6, 8, 9, 6), 70, 42, [[47, -1.0]]),
    ("cipn", "numbness", (-28, 28), (4, 5, 4, 4, None, 5, 5, 4, 0), 28, None, []),
    ("cipn", "burning", (-28, 42), (9, 9, 8, 5, None, 2, 1, 3, 2, 0, 2), 42, None, []),
)
SPARSE = {
    "condition": "cipn",
    "symptom": "burning",
    "days": [-14, -13, -12, -11, -9, -8, -6, -4, -3, -2, -1, 4, 6, 8, 9, 11, 14, 17, 18, 19, 20, 21, 24, 25, 26, 31, 34, 37,
             42, 43, 79, 87],
    "recall": ["24h"] * 32,
    "values": [8, 8, 8, 6, 7, 6, 7, 8, 7, 7, 6, 9, 5, 8, 7, 5, 5, 7, 7, 7, 6, 8, 10, 8, 7, 8, 8, 7, 9, 10, 7, 3],
    "now": 98,
    "end": 42,
    "medicine": [],
}  # fmt: skip
LENGTHS, ENOUGH = (2500, 10000), 0.009
# The fifty courses were drawn from these (priors 0); what they are judged by is read from the file of the priors.
DRAWN = {"dpn": (1.9, 1.5), "cipn": (1.05, (1.0 + 0.81) ** 0.5), "phn": (1.5, (1.69 + 0.81) ** 0.5)}
GLOBAL = ("b", "E", "d", "s", "r", "om", "tau", "q")


def make_inputs() -> list[dict]:
    """Fifty courses drawn from the prior, 45 ratings each over two weeks before and six weeks after the start."""
    rng = np.random.default_rng(5)
    courses = []
    for index in range(COUNT):
        condition = list(DRAWN)[index % 3]
        mean, sd = DRAWN[condition]
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


def make_steady() -> list[dict]:
    """The steady people as courses of diabetic neuropathy."""
    days = list(range(-14, 7 * WEEKS + 1))
    return [
        {
            "condition": "dpn",
            "days": days,
            "values": [10 if value == "x" else int(value) for value in values],
            "now": 7 * WEEKS,
        }
        for values in STEADY
    ]


def make_few() -> list[dict]:
    """Four people with few ratings and symptoms that move by themselves; the posterior is wide and uneven."""
    found = []
    for condition, symptom, (first, last), values, now, end, medicine in FEW:
        rated = [
            (day, value)
            for day, value in zip(range(first, last + 1, 7), values, strict=True)
            if value is not None
        ]
        found.append(
            {
                "condition": condition,
                "symptom": symptom,
                "days": [day for day, _ in rated],
                "recall": ["7d"] * len(rated),
                "values": [value for _, value in rated],
                "now": now,
                "end": end,
                "medicine": medicine,
            }
        )
    return [*found, SPARSE]


def make_kinds() -> list[dict]:
    """Ten courses of other kinds, each drawn from the prior of its kind.

    `recall` is 24h or 7d a rating, `medicine` (day, steps), `end` the day treatment ended.
    """
    import yaml

    priors = yaml.safe_load(SERVED.read_text(encoding="utf-8"))
    rng = np.random.default_rng(28)
    before, during, weekly = list(range(-14, 0)), list(range(1, 43)), list(range(7, 43, 7))
    week_before = list(range(-35, 1, 7))

    def some(days, count):
        return sorted(rng.choice(days, count, replace=False).tolist())

    kinds = [
        {"condition": "dpn", "weekly": week_before + weekly},
        {"condition": "phn", "weekly": week_before + list(range(7, 85, 7)), "now": 84},
        {"condition": "dpn", "daily": before, "weekly": weekly},
        {"condition": "cts", "daily": before + some(during, 20), "weekly": [-7, *weekly]},
        {"condition": "dpn", "daily": before + some(during, 31), "medicine": [[10, 1.0]]},
        {"condition": "other", "daily": before + some(during, 31), "medicine": [[-5, -1.0], [20, 2.0]]},
        {"condition": "dpn", "daily": before + some(during, 20) + list(range(85, 99)), "end": 42, "now": 98},
        {"condition": "cipn", "symptom": "numbness", "daily": before + some(during, 31)},
        {"condition": "other", "daily": before + some(during, 14) + list(range(92, 99)), "weekly": [*weekly, 70, 98],
         "medicine": [[21, 1.0]], "end": 42, "now": 98},
        {"condition": "phn", "daily": before + list(range(1, 85)), "now": 84},
    ]  # fmt: skip
    return [_drawn(rng, priors, kind) for kind in kinds]


def _drawn(rng: np.random.Generator, priors: dict, kind: dict) -> dict:
    """One course of a kind: parameters from the prior, then its ratings."""
    days = sorted([(d, "24h") for d in kind.get("daily", [])] + [(d, "7d") for d in kind.get("weekly", [])])
    course = {
        "condition": kind["condition"],
        "symptom": kind.get("symptom", "burning"),
        "days": [day for day, _ in days],
        "recall": [recall for _, recall in days],
        "values": [0] * len(days),
        "now": kind.get("now", 7 * WEEKS),
        "end": kind.get("end"),
        "medicine": kind.get("medicine", []),
    }
    f, data = figures(priors, course), data_of(course)
    b = -1.0
    while not 0 <= b <= 10:
        b = rng.normal(f["b_mean"], f["b_sd"])
    effect, flare = rng.normal(f["E_mean"], f["E_sd"]), abs(rng.normal(0, f["d_sd"]))
    s, om, tau, q, lam = (
        f[f"{name}_median"] * np.exp(f[f"{name}_sd"] * rng.normal())
        for name in ("s", "om", "tau", "q", "lam")
    )
    r = rng.beta(f["r_a"], f["r_b"])
    offset, step = rng.normal(f["offset_mean"], f["offset_sd"]), rng.normal(f["step_mean"], f["step_sd"])
    wander = q * np.cumsum(np.sqrt(data["event_steps"]) * rng.standard_normal(len(data["event_steps"])))
    weeks, since = data["weeks"], data["since"]
    smooth = flare * np.exp(-data["entry"] / tau) - effect * weeks / (weeks + om) * np.exp(-since / lam)
    level = b + (data["share"] * smooth).sum(axis=1) + step * data["dose"] + wander[data["rated_at"]]
    noise, last = 0.0, None
    for at, (day, recall) in enumerate(days):
        if recall == "7d":
            told = level[at] + offset * mixed(course) + 0.8 * s * rng.standard_t(4) / np.sqrt(2)
        else:
            rho = 0.0 if last is None else r ** (day - last)
            noise = rho * noise + s * np.sqrt(1 - rho**2) * rng.standard_t(4) / np.sqrt(2)
            told, last = level[at] + noise, day
        course["values"][at] = int(np.clip(np.round(told), 0, 10))
    return course


def figures(priors: dict, course: dict) -> dict[str, float]:
    """The figures the model needs for one course."""
    untreated, added = priors["untreated"][course["condition"]], priors["added"]
    factor = priors["wander_factor"].get(course["condition"], {"factor": 1.0})["factor"]
    wander, numb = priors["wander_per_sqrt_day"], priors["numbness"]
    mean, wide = (
        (numb["mean_factor"], numb["sd_factor"]) if course.get("symptom") == "numbness" else (1.0, 1.0)
    )
    return {
        "b_mean": priors["baseline"]["mean"],
        "b_sd": priors["baseline"]["sd"],
        "E_mean": mean * (untreated["mean"] + added["mean"]),
        "E_sd": wide * float(np.hypot(untreated["sd"], added["sd"])),
        "d_sd": priors["flare"]["half_normal_sd"],
        "r_a": priors["lag_one"]["alpha"],
        "r_b": priors["lag_one"]["beta"],
        "s_median": priors["day_sd"]["log_median"],
        "s_sd": priors["day_sd"]["log_sd"],
        "om_median": priors["time_to_half_weeks"]["log_median"],
        "om_sd": priors["time_to_half_weeks"]["log_sd"],
        "tau_median": priors["flare_days"]["log_median"],
        "tau_sd": priors["flare_days"]["log_sd"],
        "q_median": factor * wander["log_median"],
        "q_sd": wander["log_sd"],
        "lam_median": priors["fading_weeks"]["log_median"],
        "lam_sd": priors["fading_weeks"]["log_sd"],
        "offset_mean": priors["recall_offset"]["mean"],
        "offset_sd": priors["recall_offset"]["sd"],
        "step_mean": priors["medicine_step"]["mean"],
        "step_sd": priors["medicine_step"]["sd"],
    }


def sampler(length: int, *, has_dose: bool, has_offset: bool, ended: bool):
    """A compiled NUTS run of 4 chains of `length` draws each, the same for every course of one kind and size."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    unknown = (*GLOBAL, *(["step"] * has_dose), *(["offset"] * has_offset), *(["lam"] * ended))

    def model(d, f):
        b = numpyro.sample("b", dist.TruncatedNormal(f["b_mean"], f["b_sd"], low=0, high=10))
        effect = numpyro.sample("E", dist.Normal(f["E_mean"], f["E_sd"]))
        flare = numpyro.sample("d", dist.HalfNormal(f["d_sd"]))
        s = numpyro.sample("s", dist.LogNormal(jnp.log(f["s_median"]), f["s_sd"]))
        r = numpyro.sample("r", dist.Beta(f["r_a"], f["r_b"]))
        om = numpyro.sample("om", dist.LogNormal(jnp.log(f["om_median"]), f["om_sd"]))
        tau = numpyro.sample("tau", dist.LogNormal(jnp.log(f["tau_median"]), f["tau_sd"]))
        q = numpyro.sample("q", dist.LogNormal(jnp.log(f["q_median"]), f["q_sd"]))
        step = numpyro.sample("step", dist.Normal(f["step_mean"], f["step_sd"])) if has_dose else 0.0
        offset = (
            numpyro.sample("offset", dist.Normal(f["offset_mean"], f["offset_sd"])) if has_offset else 0.0
        )
        lam = (
            numpyro.sample("lam", dist.LogNormal(jnp.log(f["lam_median"]), f["lam_sd"]))
            if ended
            else f["lam_median"]
        )
        steps = numpyro.sample("steps", dist.Normal(0, 1).expand([d["event_steps"].shape[0]]))
        wander = q * jnp.cumsum(jnp.sqrt(d["event_steps"]) * steps)

        def smooth(entry, weeks, since):
            return flare * jnp.exp(-entry / tau) - effect * weeks / (weeks + om) * jnp.exp(-since / lam)

        over = (d["share"] * smooth(d["entry"], d["weeks"], d["since"])).sum(axis=1)
        level = b + over + step * d["dose"] + offset * d["weekly"] + wander[d["rated_at"]]
        y = d["y"]
        inside = numpyro.sample("inside", dist.Uniform(0, 1).expand([y.shape[0]]))
        beyond = numpyro.sample("beyond", dist.Exponential(1.0).expand([y.shape[0]]))
        z = jnp.where(y == 0, 0.5 - beyond, jnp.where(y == 10, 9.5 + beyond, y - 0.5 + inside))
        numpyro.factor("ends", jnp.where((y == 0) | (y == 10), beyond, 0.0).sum())
        e = z - level
        told = e[d["told_at"]]  # weekly ratings: each with noise of its own
        numpyro.factor("weekly", dist.StudentT(4, 0, 0.8 * s / jnp.sqrt(2)).log_prob(told).sum())
        e, rho = e[d["daily_at"]], r ** d["gaps"]
        numpyro.factor("first", dist.StudentT(4, 0, s / jnp.sqrt(2)).log_prob(e[:1]).sum())
        scale = s * jnp.sqrt(1 - rho**2) / jnp.sqrt(2)
        numpyro.factor("rest", dist.StudentT(4, 0, scale).log_prob(e[1:] - rho * e[:-1]).sum())
        week = smooth(d["week_entry"], d["week_weeks"], d["week_since"])
        numpyro.deterministic("drop", -(week + step * d["week_dose"] + wander[d["window_at"]]).mean())

    return MCMC(
        NUTS(model, target_accept_prob=0.85, dense_mass=[unknown]),
        num_warmup=700,
        num_samples=length,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
        jit_model_args=True,
    )


def mixed(course: dict) -> bool:
    """Whether there are daily and weekly ratings: only then does the offset of recall show."""
    return len(set(course.get("recall", ["24h"]))) == 2


def data_of(course: dict) -> dict[str, np.ndarray]:
    """One course as the arrays the model takes. A weekly rating speaks of the seven days up to it."""
    day, now = np.array(course["days"], float), course["now"]
    weekly = np.array([recall == "7d" for recall in course.get("recall", ["24h"] * len(day))])
    events = sorted([(d, 0, i) for i, d in enumerate(day)] + [(now - j, 1, j) for j in range(7)])
    at = np.array([event[0] for event in events])
    places = {event[1:]: place for place, event in enumerate(events)}
    end = np.inf if course.get("end") is None else float(course["end"])
    medicine = course.get("medicine", [])

    def clocks(days):
        return (
            np.maximum(days - day[0], 0.0),
            np.minimum(np.maximum(days, 0.0), end) / 7,
            np.maximum(days - end, 0.0) / 7,
        )

    def dose(days):
        return sum((steps * (days >= when) for when, steps in medicine), start=np.zeros(len(days)))

    share = np.where(weekly[:, None], 1 / 7, np.eye(1, 7))
    entry, weeks, since = clocks(day[:, None] - np.arange(7.0))
    week = now - np.arange(7.0)
    week_entry, week_weeks, week_since = clocks(week)
    daily_at = np.flatnonzero(~weekly)
    return {
        "y": np.array(course["values"]),
        "event_steps": np.diff(at, prepend=at[0]),
        "rated_at": np.array([places[0, i] for i in range(len(day))]),
        "window_at": np.array([places[1, j] for j in range(7)]),
        "weekly": weekly.astype(float),
        "told_at": np.flatnonzero(weekly),
        "daily_at": daily_at,
        "gaps": np.diff(day[daily_at]),
        "share": share,
        "entry": entry,
        "weeks": weeks,
        "since": since,
        "dose": dose(day),
        "week_entry": week_entry,
        "week_weeks": week_weeks,
        "week_since": week_since,
        "week_dose": dose(week),
    }


def summarised(mcmc, length: int) -> dict:
    """What is kept of one run, with the Monte Carlo error of the mean and of the SD of the drop."""
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

    draws = mcmc.get_samples(group_by_chain=True)
    by_chain = np.asarray(draws["drop"])
    drop, b = by_chain.ravel(), np.asarray(draws["b"]).ravel()
    apart = (by_chain - drop.mean()) ** 2
    ess, ess_sd = float(effective_sample_size(by_chain)), float(effective_sample_size(apart))
    need = np.where(b >= 4, np.maximum(2, 0.3 * b), 0.3 * b)
    return {
        "drop_mean": float(drop.mean()),
        "drop_mean_error": float(drop.std() / np.sqrt(ess)),
        "drop_sd": float(drop.std()),
        "drop_sd_error": float(apart.std() / np.sqrt(ess_sd) / (2 * drop.std())),
        "drop_rhat": float(split_gelman_rubin(by_chain)),
        "p_improved": float((drop >= need).mean()),
        "p_worse": float((drop <= -1).mean()),
        "baseline_mean": float(b.mean()),
        "baseline_sd": float(b.std()),
        "day_sd_mean": float(np.asarray(draws["s"]).mean()),
        "divergences": int(np.asarray(mcmc.get_extra_fields()["diverging"]).sum()),
        "draws": 4 * length,
    }


def sample(first: int, last: int, out: Path, inputs: Path = HERE / "inputs.json") -> None:
    """Samples the courses not yet in `out`, writing after each; refuses to mix versions of the priors."""
    import jax
    import yaml

    priors = yaml.safe_load(SERVED.read_text(encoding="utf-8"))
    courses = json.loads(inputs.read_text())
    found = json.loads(out.read_text()) if out.exists() else {"priors": priors["version"], "courses": {}}
    if found["priors"] != priors["version"]:
        raise SystemExit(f"{out} holds priors {found['priors']}, not {priors['version']}")
    runs = {}
    for index in range(first, last):
        course = courses[index]
        data = data_of(course)
        kind = {
            "has_dose": bool(course.get("medicine")),
            "has_offset": mixed(course),
            "ended": course.get("end") is not None,
        }
        kept = found["courses"].get(str(index))
        for turn, length in enumerate(LENGTHS):
            if kept and (kept["drop_mean_error"] <= ENOUGH or kept["draws"] >= 4 * length):
                continue
            which = (length, *kind.values(), len(data["y"]), len(data["event_steps"]), len(data["gaps"]))
            if which not in runs:
                runs[which] = sampler(length, **kind)
            runs[which].run(
                jax.random.PRNGKey(100 * turn + index),
                data,
                figures(priors, course),
                extra_fields=("diverging",),
            )
            kept = found["courses"][str(index)] = summarised(runs[which], length)
            out.write_text(json.dumps(found, indent=1) + "\n")
            print(index, kept, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "inputs":
        (HERE / "inputs.json").write_text(json.dumps(make_inputs()))
        (HERE / "steady_inputs.json").write_text(json.dumps(make_steady()) + "\n")
        (HERE / "kinds_inputs.json").write_text(json.dumps(make_kinds()) + "\n")
        (HERE / "few_inputs.json").write_text(json.dumps(make_few()) + "\n")
    else:
        sample(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), *map(Path, sys.argv[5:]))
