"""Do the tests bite? Plant one bug at a time in a copy of the repository and run the tests that should see it.

`python tests/mutants.py`, or `make mutants`. Exit status 1 if a mutant survives, does not apply, or is no mutant because
its tests fail on the clean copy or cannot run.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
SECONDS = 600  # a mutant that runs longer is killed by the clock


class Mutant(NamedTuple):
    """`old`, which occurs exactly once in `file`, becomes `new`; one of `tests` (files or node ids) must fail."""

    file: str
    old: str
    new: str
    tests: str


A, T = "tests/test_architectures.py", "tests/test_table.py"
CLOSED = f"{A}::test_closed_form_on_a_linear_field"
LOCAL = f"{A}::test_local_drop_path_has_the_distribution_computed_by_hand"
GLOBAL = f"{A}::test_global_drop_path_keeps_one_column_of_the_whole_net"
BLOCK = f"{A}::test_block_by_hand"
REVNET, POLYNET, FRACTAL, ODE = (f"models/{name}.py" for name in ("revnet", "polynet", "fractalnet", "neural_ode"))
NET, BLOCKS, TABLE = "models/net.py", "models/block.py", "leaderboard/table.py"
SCORE, S, R = "leaderboard/score.py", "tests/test_score.py", "tests/test_train.py"

MUTANTS = [
    # models
    Mutant("models/resnet.py", "return x + F(x)", "return F(x)", CLOSED),
    Mutant(REVNET, "torch.cat([y1, y2], 1)", "torch.cat([y2, y1], 1)", CLOSED),
    Mutant(REVNET, "y2 = x2 + G(y1)\n        return", "y2 = x2 + G(x1)\n        return", CLOSED),
    Mutant(REVNET, "x1 = y1 - F(x2)\n", "x1 = y1 - F(y2)\n", f"{A}::test_revnet_is_inverted"),
    Mutant(POLYNET, "list(blocks) * self.order", "list(blocks) * (self.order - 1)", CLOSED),
    Mutant(POLYNET, "chain = blocks if", "chain = blocks[::-1] if", CLOSED),
    Mutant(POLYNET, "x + sum(F(x) for F in blocks)", "x + sum(F(x) for F in blocks[:2])", CLOSED),
    Mutant(FRACTAL, "/ len(alive)", "/ len(columns)", LOCAL),
    Mutant(
        FRACTAL, "return kept or [columns[int(torch.randint(len(columns), (), generator=generator))]]", "return kept", LOCAL
    ),
    Mutant(FRACTAL, "columns[int(torch.randint(len(columns), (), generator=generator))]", "columns[0]", LOCAL),
    Mutant(FRACTAL, ">= self.drop", "< self.drop", LOCAL),
    Mutant(FRACTAL, "torch.randint(self.columns, (), generator=generator)", "self.columns - 1", GLOBAL),
    Mutant(
        FRACTAL,
        "accumulate(range(depth), lambda y, k: self.fractal(y, layer(k), survivors), initial=x)",
        "accumulate(range(depth), lambda y, k: self.fractal(y, layer(k), self.survivors(generator)), initial=x)",
        GLOBAL,
    ),
    Mutant(FRACTAL, "joined if j in columns else y", "joined if j in columns[:1] else y", CLOSED),
    Mutant(FRACTAL, "range(C - 1, -1, -1)", "range(C)", CLOSED),
    Mutant(
        FRACTAL,
        "block.V[channels, channels] = 1",
        "block.V[channels, channels] = 0.9",
        f"{A}::test_initial_net_is_the_identity_at_depth_100",
    ),
    Mutant(ODE, "math.ceil(1 / self.step)\n", "1\n", f"{A}::test_order_of_convergence"),
    Mutant(ODE, "x + h / 2 * f(x))", "x + h * f(x))", f"{A}::test_order_of_convergence"),
    Mutant(ODE, "k1 + 2 * k2 + 2 * k3 + k4", "k1 + 2 * k2 + 2 * k3 + k3", f"{A}::test_order_of_convergence"),
    Mutant(ODE, "while last < depth and layer(last)[0] is F:", "while last < depth:", CLOSED),
    Mutant(
        ODE,
        "adjoint_params=tuple(F.parameters()) if",
        "adjoint_params=() if",
        f"{A}::test_adjoint_gradients_are_the_direct_ones",
    ),
    Mutant(ODE, "if not self.adjoint:", "if self.adjoint:", f"{A}::test_adjoint_gradients_are_the_direct_ones"),
    Mutant(
        ODE,
        "odeint(lambda t, x: field(x), x, times, rtol=self.rtol, atol=self.atol,",
        "odeint(lambda t, x: field(x), x, times,",
        f"{A}::test_error_falls_with_the_tolerance",
    ),
    Mutant(ODE, "next(spent) > self", "next(spent) >= self", f"{A}::test_evaluations_are_capped"),
    Mutant(
        ODE,
        "                field = limited(layer(k)[0])",
        "                spent = count(1)\n                field = limited(layer(k)[0])",
        f"{A}::test_evaluations_are_capped",
    ),
    Mutant(BLOCKS, "(1 - self.gate + self.gate *", "(1 - self.gate +", f"{A}::test_norm_gate"),
    Mutant(BLOCKS, "x.square().mean(-2, keepdim=True)", "x.square().mean(-1, keepdim=True)", f"{A}::test_norm_gate"),
    Mutant(BLOCKS, "(0, 0, 1, 1)", "(0, 0, 2, 0)", BLOCK),
    Mutant(BLOCKS, "x[:, :-2], x[:, 1:-1], x[:, 2:]", "x[:, 2:], x[:, 1:-1], x[:, :-2]", BLOCK),
    Mutant(BLOCKS, ", self.b))", "))", BLOCK),
    Mutant(BLOCKS, "self.norm(x).mT", "x.mT", f"{A}::test_block_normalises_what_it_reads"),
    Mutant(NET, "self.readout @ x + self.bias", "self.readout @ x - self.bias", f"{A}::test_net_embeds_and_reads_out"),
    Mutant(NET, "first = size * k if", "first = size * max(k - 1, 0) if", f"{A}::test_net_runs_its_layers_in_order"),
    Mutant(NET, "first = size * k if", "first = k if", f"{A}::test_net_runs_its_layers_in_order"),
    Mutant(NET, "depth > self.layers)", "depth > self.layers + 1)", f"{A}::test_bad_depth_is_refused"),
    Mutant(
        NET, "self.generator if self.training else None", "self.generator", f"{A}::test_nothing_is_dropped_in_evaluation"
    ),
    Mutant(
        NET,
        "torch.randn(alphabet, width, generator=self.generator)",
        "torch.randn(alphabet, width)",
        f"{A}::test_global_random_state_is_untouched",
    ),
    Mutant(
        "models/__init__.py",
        "width += -width % chosen.halves",
        "pass",
        f"{A}::test_build_rounds_the_width_up_to_whole_halves",
    ),
    # leaderboard
    Mutant(
        TABLE,
        "score=score.fillna(chances)",
        "score=score.fillna(0.0)",
        f"{T}::test_failed_run_counts_as_the_chance_of_its_task",
    ),
    Mutant(
        TABLE,
        '.groupby("task")[f"{metric}_chance"].mean()',
        '.groupby("task")["symbol_chance"].mean()',
        f"{T}::test_cell_metric_is_words_or_symbols",
    ),
    Mutant(TABLE, "p + z2 / (2 * total)", "p + z2 / total", f"{T}::test_wilson_by_hand"),
    Mutant(TABLE, 'out["reference"] - out["trained"]', 'out["trained"] - out["reference"]', f"{T}::test_cell_by_hand"),
    Mutant(SCORE, "tokens.split(CHUNK), target.split(CHUNK)", "tokens.split(CHUNK), target.roll(1, 0).split(CHUNK)", S),
    Mutant(SCORE, "(right | ~counts).all(1)", "right.all(1)", f"{S}::test_only_scored_cells_count"),
    Mutant(SCORE, "target[counts].bincount().max()", "target[counts].bincount().min()", f"{S}::test_counts_by_hand"),
    Mutant(SCORE, "return_counts=True)[1].max()", "return_counts=True)[1].min()", f"{S}::test_counts_by_hand"),
    Mutant(SCORE, "logits.isfinite().all(1)", "logits.isfinite().any(1) | True", S),
    Mutant(SCORE, "length > trained_to or splits", "length >= trained_to or splits", f"{S}::test_held_out_is_told"),
    Mutant(SCORE, "curve += (after - x)", "curve = (after - x)", f"{S}::test_curve_length_of_the_parity_reference"),
    # tasks
    Mutant("tasks/words.py", "kept(words) == testing", "kept(words) != testing", "tests/test_words.py"),
    Mutant("tasks/words.py", "% PARTS == 0", "% PARTS <= 1", "tests/test_words.py"),
    Mutant("tasks/words.py", '"\\0".join', '"".join', "tests/test_words.py"),
    Mutant("train.py", 'scored["reference"] = realised', 'scored["reference"] = net', R),
    Mutant("train.py", "if exists(folder, record", "if not exists(folder, record", R),
    # >>> ADD FURTHER MUTANTS ABOVE THIS LINE (tasks/*.py, leaderboard/score.py, ...) <<<
]


def copy(target: Path) -> Path:
    """The tracked and the untracked, not ignored files of the repository, in `target`."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def python(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter on the modules of `tree` and no others; no bytecode, which could outlive a mutant."""
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment = os.environ | threads | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS)


def pytest(tree: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    return python(tree, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)


@contextmanager
def planted(tree: Path, mutant: Mutant) -> Iterator[None]:
    """The mutant in place, and gone afterwards. ValueError unless it applies at exactly one place."""
    path = tree / mutant.file
    clean = path.read_text()
    if (times := clean.count(mutant.old)) != 1:
        raise ValueError(f"occurs {times} times, not once")
    path.write_text(clean.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        path.write_text(clean)


def verdict(tree: Path, mutant: Mutant) -> str:
    """`killed by ...`, `SURVIVED`, or `ERROR: ...`."""
    try:
        with planted(tree, mutant):
            done = pytest(tree, *mutant.tests.split())
    except ValueError as error:
        return f"ERROR: {error}"
    except subprocess.TimeoutExpired:
        return "killed by the clock"
    failed = re.search(r"^FAILED (\S+)", done.stdout, re.M)
    if done.returncode == 1 and failed:
        return f"killed by {failed[1]}"
    return "SURVIVED" if done.returncode == 0 else f"ERROR: the tests did not run\n{done.stdout[-2000:]}{done.stderr[-500:]}"


def check_clean(tree: Path) -> None:
    """Exit unless the copy's own modules are imported and every test named in the table passes on it."""
    packages = ("models", "tasks", "leaderboard")
    lines = [f"import {name}; print({name}.__file__)" for name in packages]
    found = python(tree, "-c", "; ".join(lines)).stdout.split()
    expected = [str(tree / name / "__init__.py") for name in packages]
    if found != expected:
        sys.exit(f"the copy does not import its own modules: {found}, not {expected}")
    done = pytest(tree, *sorted({test for mutant in MUTANTS for test in mutant.tests.split()}))
    if done.returncode:
        sys.exit(f"the tests fail without any mutant:\n{done.stdout[-4000:]}{done.stderr[-1000:]}")


def main() -> None:
    trees: SimpleQueue[Path] = SimpleQueue()

    def run(mutant: Mutant) -> str:
        tree = trees.get()
        try:
            return verdict(tree, mutant)
        finally:
            trees.put(tree)

    with TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        for k in range(WORKERS):
            trees.put(copy(Path(folder).resolve() / str(k)))
        check_clean(Path(folder).resolve() / "0")
        bad = 0
        for mutant, found in zip(MUTANTS, pool.map(run, MUTANTS), strict=True):
            bad += not found.startswith("killed")
            print(f"{mutant.file}: {mutant.old.strip()!r} -> {mutant.new.strip()!r}: {found}", flush=True)
    print(f"{len(MUTANTS) - bad} of {len(MUTANTS)} mutants killed")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
