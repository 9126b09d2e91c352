"""From records to one tidy frame of runs; runs that are missing are rows of it, so that nothing can be dropped later."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate, chain
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import pandas as pd

from leaderboard.protocol import FAR, PLAIN, SOLVED
from leaderboard.store.lines import uncollected
from leaderboard.store.schema import FINITE, SCORE
from leaderboard.tables.statistics import Floats, normalised

Metric = Literal["symbol", "word"]
METRICS: tuple[Metric, Metric] = ("symbol", "word")
RETRAINED = "retrained"
PASSED = ("fits", "solved", "settles")  # what a run can do, see `scored`

_NUMBERS = ["parameters", "longest", "examples", "examples_to_solve", "seconds", "cpu_seconds", "peak_memory"]
_NUMBERS += ["training_cpu_seconds", "noise", "radius", "reference_radius", "certified"]
_TEXTS = ["task", "model", "architecture", "recipe", "id", "status", "reason", "badge", "reference_reason"]
ORIGIN = ["code", "commit", "libraries", "processor"]  # where a run comes from; None where that is not known
_TEXTS += ORIGIN
_SCORE = [name for name in SCORE if name != "weights"]
_WEIGHTS = ["trained", "reference"]
_CODES = {"trained": 0, "reference": 1, None: -1}
_columns = itemgetter(*_SCORE)
_RUN = [*_TEXTS, *_NUMBERS, "seed", "ranked"]
_of_run = itemgetter(*_RUN)
_EMPTY = dict.fromkeys(_SCORE) | {"weights": None}


@uncollected()
def frame(records: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One row a record × weights × length, sorted by task, model and seed; `run` numbers the runs.

    A failed run is one row without scores, and so is a missing one: the runs expected of every model on a task are the
    seeds that any ranked model ran on it, or any model if no ranked one did. `model` is the row of the leaderboard: the
    `architecture` with its recipe where that is not the usual one, both for a submission with its name and badge. `ranked`:
    our own runs, and submissions that were retrained.
    `symbol_claimed`, `word_claimed`: what a submission claims for its trained weights at that length.
    """
    found = [(_run(record), record["scores"]) for record in records]
    found += [(run, []) for run in _missing([run for run, _ in found])]
    found.sort(key=lambda one: (one[0]["task"], one[0]["model"], one[0]["seed"], one[0]["id"] or ""))
    number = np.repeat(np.arange(len(found)), [max(1, len(scores)) for _, scores in found])
    every = list(chain.from_iterable(scores or [_EMPTY] for _, scores in found))
    weights = [_CODES[score["weights"]] for score in every]
    values = np.array(list(map(_columns, every)), float).reshape(-1, len(_SCORE)).T.copy()  # None becomes NaN
    column = dict(zip(_RUN, zip(*(_of_run(run) for run, _ in found), strict=True), strict=False)) or dict.fromkeys(_RUN, ())

    return pd.DataFrame(
        {"run": number}
        | {name: pd.Categorical(column[name]).take(number) for name in _TEXTS}
        | {name: np.array(column[name], float)[number] for name in _NUMBERS}
        | {"seed": np.array(column["seed"], int)[number], "ranked": np.array(column["ranked"], bool)[number]}
        | {"weights": pd.Categorical.from_codes(weights, pd.Index(_WEIGHTS))}
        | dict(zip(_SCORE, values, strict=True))
        | _claims(found, len(number)),
        copy=False,
    )


def _claims(found: list[tuple[dict[str, Any], list[dict[str, Any]]]], rows: int) -> dict[str, Floats]:
    out = np.full((2, rows), np.nan)
    starts = accumulate((max(1, len(scores)) for _, scores in found), initial=0)
    for (run, scores), start in zip(found, starts, strict=False):
        for row, score in enumerate(scores if run["claimed"] else (), start):
            if score["weights"] == "trained":
                claim = run["claimed"].get(str(score["length"]), {})
                out[:, row] = [claim.get(unit, np.nan) for unit in METRICS]
    return {f"{unit}_claimed": row for unit, row in zip(METRICS, out, strict=True)}


def runs(df: pd.DataFrame) -> pd.DataFrame:
    """One row a run, missing ones too, in the order of `frame`."""
    return df.drop_duplicates("run").reset_index(drop=True)


def named(found: pd.DataFrame) -> pd.DataFrame:
    """With `recipe` by its name, PLAIN where it is the usual one; it and the other names of a run as plain texts."""
    texts = {name: found[name].astype(object) for name in ("task", "model", "architecture", "recipe")}
    return found.assign(**texts | {"recipe": texts["recipe"].replace("", PLAIN)})


def recipes(found: pd.DataFrame) -> list[str]:
    """The names of the recipes of `named` runs, PLAIN first."""
    return sorted(set(found["recipe"]), key=lambda recipe: (recipe != PLAIN, recipe))


def factors(df: pd.DataFrame) -> list[float]:
    """The scored multiples of the training length, from 1 on, shortest first; only 1 where every run failed."""
    return sorted(df.loc[df["factor"] >= 1, "factor"].unique().tolist()) or [1.0]


def far(df: pd.DataFrame) -> float:
    """The multiple at which a run solves a task, or the longest if it was not scored."""
    return float(FAR) if FAR in factors(df) else factors(df)[-1]


def own(df: pd.DataFrame) -> "pd.Series[bool]":
    """Which scores are of words at the depth of their own length."""
    return df["depth_of"] == df["length"]


def constant(df: pd.DataFrame) -> set[str]:
    """The tasks that do not extrapolate: their depth is the same at all lengths of which it is known."""
    depths = df.loc[own(df), ["task", "length", "depth"]].groupby("task", observed=True).nunique()
    return set(depths.index[(depths["length"] > 1) & (depths["depth"] == 1)])


def at(df: pd.DataFrame, weights: str, metric: Metric, factor: float) -> pd.DataFrame:
    """Scores of these weights at `factor` times the training length, with `accuracy` and `claimed`; a row a run with any."""
    correct, of, claimed = f"{metric}s_correct", f"{metric}s", f"{metric}_claimed"
    names = ["run", "task", "model", "length", "depth", "evaluations", "held_out", "curve_length", "projective_length", "codes"]
    names += ["saturated", correct, of, claimed]
    rows = df.loc[own(df) & (df["factor"] == factor) & (df["weights"] == weights), names].drop_duplicates("run")
    return rows.assign(accuracy=rows[correct] / rows[of], claimed=rows[claimed])


def deeper(df: pd.DataFrame, weights: str, factor: int) -> pd.DataFrame:
    """Scores of words of the training length N at the depth of `factor` times N, a row a run.

    `stands`: the share of answers that are those at the depth of N.
    """
    names = ["run", "depth", "curve_length", "words", "unchanged"]
    deep = df["depth_of"] == factor * df["length"]
    here = df.loc[deep & (df["factor"] == 1) & (df["weights"] == weights), names]
    return here.assign(stands=here["unchanged"] / here["words"])


def scored(df: pd.DataFrame, metric: Metric, factor: float) -> pd.DataFrame:
    """`runs` with what they score at `factor` times the training length; nothing is dropped.

    - `failed`, `missing`; `score`: accuracy, but `shortcut` for those two, the mean shortcut of the task over its records.
    - `best`: the best measured reference of the task, whatever its architecture; 1 where none was measured.
    - `normalised`: `score` on the scale from `shortcut` to `best`, one for all architectures; 0 for failed and missing
      runs, NaN where `best` does not exceed `shortcut`. Of a task of which no run is scored here the shortcut is unknown: then
      it is NaN for all, unless no run of the task is done; then it is 0 for all.
    - `fits`, `solved`, `settles`, whatever `metric` and `factor`: at least SOLVED of whole words are right at the training
      length N, and at FAR times N; of the answers at N as many stand at the depth of FAR times N. 1 or 0, and 0 for failed and
      missing runs; NaN where that was not measured. A task of `constant` depth does not extrapolate: `solved`, `settles` and
      beyond N `normalised` are NaN.
    - `claimed`: what a submission claims here, NaN elsewhere.
    - `leaked`: test words were not held out; `repeated`: the seed was counted before; `evaluations` at this length.
    """
    out = runs(df)
    trained = at(df, "trained", metric, factor).set_index("run").reindex(out["run"])
    here = own(df) & (df["factor"] == factor)
    shortcuts = df[here].groupby("task", observed=True)[f"{metric}_shortcut"].mean()
    bests = at(df, "reference", metric, factor).groupby("task", observed=True)["accuracy"].max()
    score, failed, done = (trained["accuracy"].to_numpy(), *((out["status"] == name).to_numpy() for name in ("failed", "done")))
    missing = np.isnan(score) & ~failed
    shortcut = shortcuts.reindex(out["task"]).to_numpy()
    best = bests.reindex(out["task"]).fillna(1.0).to_numpy()
    hopeless = np.isnan(shortcut) & ~out["task"].isin(out["task"][done]).to_numpy()
    score = np.where(np.isnan(score), shortcut, score)
    scale = normalised(score, shortcut, best)
    scale = np.where((failed | missing) & ((best > shortcut) | hopeless), 0.0, scale)
    still = out["task"].isin(constant(df)).to_numpy()
    return out.assign(
        failed=failed,
        missing=missing,
        shortcut=shortcut,
        best=best,
        score=score,
        normalised=np.where(still & (factor > 1), np.nan, scale),
        constant=still,
        fits=_passed(out, at(df, "trained", "word", 1), "accuracy"),
        solved=np.where(still, np.nan, _passed(out, at(df, "trained", "word", FAR), "accuracy")),
        settles=np.where(still, np.nan, _passed(out, deeper(df, "trained", FAR), "stands")),
        claimed=trained["claimed"].to_numpy(),
        leaked=(trained["held_out"] == 0).to_numpy(),
        repeated=out.duplicated(["task", "model", "seed"]),
        evaluations=trained["evaluations"].to_numpy(),
    )


def _passed(runs: pd.DataFrame, found: pd.DataFrame, name: str) -> Floats:
    """Whether each of the `runs` has at least SOLVED in what was `found`: 1 or 0, NaN where that is not known.

    Failed and missing runs have not, if it is known of any run.
    """
    shares = found.set_index("run")[name].reindex(runs["run"]).to_numpy()
    lost = 0.0 if len(found) else np.nan
    return np.where(np.isnan(shares), np.where(runs["status"] == "done", np.nan, lost), shares >= SOLVED)


def dynamics(df: pd.DataFrame, weights: str = "trained") -> pd.DataFrame:
    """One row a run, in the order of `runs`: whether its dynamics settle, as seen at training lengths N, without labels.

    - `alpha`: log2 L(N) / L(N/2), the exponent of the length L of the curve in n; `alpha_projective` that of x / |x|.
    - `drift`: the length a layer beyond depth(N), to that of 2 N, over the length a layer before; 0: it stands still.
    - `stands`: the share of answers at N that stand at the depth of FAR times N.
    - `codes`, `codes_far`: different codes at N and FAR times N; `saturated`: the share of channels on the box at N.
    - `noise` with which the net was trained, the `radius` of that which these weights bear, and that for which reference
      weights are `certified`.
    """
    radius = "radius" if weights == "trained" else "reference_radius"
    out = runs(df)[["run", "task", "model", "seed", "noise", radius, "certified"]].rename(columns={radius: "radius"})
    half, one, four = (at(df, weights, "word", factor).set_index("run").reindex(out["run"]) for factor in (0.5, 1, FAR))
    twice, deep = (deeper(df, weights, factor).set_index("run").reindex(out["run"]) for factor in (2, FAR))
    beyond = (twice["curve_length"] - one["curve_length"]) / (twice["depth"] - one["depth"])
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas = {
            f"alpha{name}": np.log2(one[f"{of}_length"].to_numpy() / half[f"{of}_length"].to_numpy())
            for name, of in (("", "curve"), ("_projective", "projective"))
        }
        drift = (beyond / (one["curve_length"] / one["depth"])).to_numpy()
    found = {"drift": drift, "stands": deep["stands"].to_numpy(), "codes": one["codes"].to_numpy()}
    found |= {"codes_far": four["codes"].to_numpy(), "saturated": one["saturated"].to_numpy()}
    return out.assign(**{name: np.where(np.isfinite(column), column, np.nan) for name, column in (alphas | found).items()})


def _run(record: dict[str, Any]) -> dict[str, Any]:
    net, reference, training = (record[part] or {} for part in ("net", "reference", "training"))
    noise = record.get("noise", {})
    submission = record.get("submission")
    cost = record["cost"] if submission is None else {}  # of a submission it is the cost of scoring it
    recipe, code = line(record["recipe"]["label"]), record["code"]
    label, whose, badge, claimed = line(record["model"]["label"]), "", None, None
    if submission is not None:
        badge, claimed = line(str(submission["badge"])), submission["claimed"]
        whose = f" · {line(str(submission['name']))} [{badge}]"
    return {
        "task": line(record["task"]["label"]),
        "model": ", ".join(filter(None, [label, recipe])) + whose,
        "architecture": f"{label}{whose}",
        "recipe": recipe,
        "seed": record["seed"],
        "id": record["id"],
        "status": record["status"],
        "reason": line(record["reason"]),
        "badge": badge,
        "ranked": badge in (None, RETRAINED),
        "claimed": claimed,
        "code": line(f"task {code['task']}, model {code['model']}"),
        "commit": line(code["commit"]),
        "libraries": line(", ".join(f"{name} {value}" for name, value in code["versions"].items())),
        "processor": line(code["processor"]),
        "parameters": net.get("parameters"),
        "reference_reason": line(reference.get("reason")),
        "longest": reference.get("longest"),
        "examples": training.get("examples"),
        "examples_to_solve": training.get("examples_to_solve"),
        "seconds": cost.get("seconds"),
        "cpu_seconds": cost.get("cpu_seconds"),
        "peak_memory": cost.get("peak_memory"),
        "training_cpu_seconds": cost.get("training_cpu_seconds"),
        "noise": _number(record["recipe"]["settings"].get("training.noise")),
        "radius": noise.get("trained"),
        "reference_radius": noise.get("reference"),
        "certified": noise.get("certified"),
    }


def _number(value: Any) -> float | None:
    """Of what the schema leaves open, a number that can be shown."""
    return float(value) if type(value) in (int, float) and abs(value) < FINITE else None


def _missing(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    models, ran, expected = {run["model"]: run for run in found}, defaultdict(set), dict[str, set[int]]()
    for run in found:
        ran[run["task"], run["model"]].add(run["seed"])
    for some in ([run for run in found if run["ranked"]], found):
        seeds = defaultdict(set)
        for run in some:
            seeds[run["task"]].add(run["seed"])
        expected = seeds | expected
    return [
        dict.fromkeys([*_TEXTS, *_NUMBERS, "claimed"])
        | {"task": task, "seed": seed, "status": "missing"}
        | {of: run[of] for of in ("model", "architecture", "recipe", "badge", "ranked")}
        for task, seeds in expected.items()
        for model, run in models.items()
        for seed in seeds - ran[task, model]
    ]


@lru_cache(maxsize=4096)
def line(text: str | None) -> str | None:
    """Keep a label or reason to one printable line: terminal escapes in a submitted record stay inert."""
    return None if text is None else " ".join("".join(c if c.isprintable() else " " for c in text).split())
