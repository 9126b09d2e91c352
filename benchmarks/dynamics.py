"""What very deep nets do, in tables and pictures: `python benchmarks/dynamics.py FOLDER [part ...] [task=NAME] [model=NAME]`.

Parts (all unless named): `shattered` (gradients against depth), `signal` (gradients against the target), `trained` (a net
beside its reference: space-time, curve length and accuracy against length, the diagnostics), `basin` (how far around the
reference training finds back, and the loss on the way). Pictures go to FOLDER. CPU-minutes of one thread for each part.
"""

import sys
from pathlib import Path

import torch
from omegaconf import OmegaConf

import models
import tasks
from leaderboard.analysis import basin, diagnostics, gradients, spacetime
from leaderboard.running.config import Config
from leaderboard.running.fit import fit as train
from leaderboard.running.score import score, solves
from leaderboard.tables import picture
from models.solving.continuous import Continuous
from tasks.words.split import torch_generator

UNSKIPPED = ("plain", "fractalnet")  # without a residual branch: V keeps the scale of He
DEPTHS, CELLS, LAGS = (1, 2, 4, 8, 16), 8, 30
SIGMAS = (0.0001, 0.001, 0.01, 0.1, 0.3, 1.0)


def shattered(folder: Path, task: tasks.Task, model: str) -> None:
    """Autocorrelation of the input gradient: the scalar experiment of the paper, and our architectures at initialisation."""
    found = {}
    for name, depth, residual, beta in [
        ("plain, 1 layer", 1, False, 1.0),
        ("plain, 24 layers", 24, False, 1.0),
        ("residual, 50", 50, True, 1.0),
        ("residual, 50, branches times 0.1", 50, True, 0.1),
    ]:
        draws = (torch_generator("scalar", k) for k in range(10))
        rows = torch.stack([gradients.scalar_gradients(depth, residual, random, beta=beta) for random in draws])
        found[name] = gradients.autocorrelation(rows, LAGS).tolist()
    _lags(folder / "shattered_scalar.png", found, "Gradient of a scalar net, 256 inputs in [-2, 2]")
    lattice: dict[str, list[tuple[float, float]]] = {}
    for name in (name for name in models.names() if models.find(name).layered):
        for depth in DEPTHS:
            r = gradients.shattering(lambda seed, n=name, d=depth: _random(n, task, d, seed), depth, CELLS, LAGS, nets=4)
            lattice.setdefault(name, []).append((depth, float(r[1])))
            if depth == DEPTHS[-1]:
                found[name] = r.tolist()
    print(f"\nautocorrelation of the input gradient at lag 1, by depth\n{'':18}" + "".join(f"{depth:>8}" for depth in DEPTHS))
    for name, points in lattice.items():
        print(f"{name:18}" + "".join(f"{r:8.3f}" for _, r in points))
    drawing = picture.curves(lattice, "depth", "autocorrelation at lag 1", "Gradients along a line between two words")
    (folder / "shattered_depth.png").write_bytes(picture.png(drawing))
    shown = {name: found[name] for name in lattice}
    _lags(folder / "shattered_lattice.png", shown, f"Gradients along a line between two words, depth {DEPTHS[-1]}")


def _random(name: str, task: tasks.Task, depth: int, seed: int) -> models.Net:
    options = {"method": "rk4"} if issubclass(models.find(name), Continuous) else {}
    options |= {"step": 0.25} if options and name != "clock_ode" else {}  # it has a finer one of its own
    net = models.build(name, task, width=32, hidden=64, layers=depth, **options)
    return gradients.randomise(net, 1.0 if name in UNSKIPPED else depth**-0.5, torch_generator("random", seed))


def _lags(path: Path, found: dict[str, list[float]], title: str) -> None:
    print(f"\n{title}: autocorrelation at lags 1, 5, 10, 30")
    for name, r in found.items():
        print(f"{name:18}" + "".join(f"{r[lag]:8.3f}" for lag in (1, 5, 10, 30)))
    series = {name: list(map(tuple, enumerate(r))) for name, r in found.items()}
    path.write_bytes(picture.png(picture.curves(series, "lag", "autocorrelation", title)))  # type: ignore[arg-type]


def signal(folder: Path, task: tasks.Task, model: str) -> None:
    """Variance of the gradient over a family of targets, at random weights, on all 256 words of 8 bits."""
    words = torch.cartesian_prod(*[torch.arange(2)] * 8)
    families = {f"parity of {k} of 8 bits": [_parity(k, seed) for seed in range(16)] for k in (1, 2, 3, 4, 6)}
    families["hidden automata of 5 states"] = [tasks.get("hidden_automaton", seed=seed, scored="last") for seed in range(16)]
    families["counters modulo 2 to 9"] = [tasks.get("counter", modulus=m, scored="last") for m in range(2, 10)]
    print(
        f"\n{model}: variance of the gradient over 16 targets of a family (8 moduli), and what their gradients have in common"
    )
    for name, family in families.items():
        widest = max(family, key=lambda task: task.classes)
        net = gradients.randomise(models.build(model, widest, width=32, hidden=64), 8**-0.5, torch_generator("signal"))
        found = gradients.task_signal(net, family, words)
        print(f"{name:30}{found['variance']:12.2e}{found['mean']:12.2e}")


def _parity(k: int, seed: int) -> tasks.Task:
    return tasks.get("sparse_parity", k=k, span=8, seed=seed)


def trained(folder: Path, task: tasks.Task, model: str) -> None:
    """A trained net beside its reference."""
    cfg, net, reference, held = _pair(task, model, steps=600)
    train(cfg, task, net)
    nets = {"reference": reference, "trained": net}
    word = diagnostics.batch(task, 2 * cfg.training.length, 1).tokens[0]
    depth = task.depth(2 * cfg.training.length)
    panels = {name: spacetime.space_time(n, word, depth, held if n is reference else None) for name, n in nets.items()}
    title = f"{net.architecture.label} on {task.label}, trained to {cfg.training.length}, at {2 * cfg.training.length}"
    (folder / "space_time.png").write_bytes(picture.png(spacetime.figure(panels, title)))
    scores = {
        name: [score(n, task, length, 128, cfg.training.length) for length in (3, 6, 12, 24, 48)] for name, n in nets.items()
    }
    curves = {name: [(s.length, s.curve_length or torch.nan) for s in found] for name, found in scores.items()}
    right = {name: [(s.length, s.symbols_correct / s.symbols) for s in found] for name, found in scores.items()}
    for path, series, y, log in [
        ("curve_length", curves, "curve length", True),
        ("accuracy", right, "accuracy a symbol", False),
    ]:
        (folder / f"{path}.png").write_bytes(picture.png(picture.curves(series, "n", y, title.rpartition(",")[0], log)))
    print(f"\n{title}: accuracy and curve length against length")
    for name, found in scores.items():
        print(
            f"{name:12}" + "".join(f"  n={s.length}: {s.symbols_correct / s.symbols:.3f} {s.curve_length:.1f}" for s in found)
        )
    for name, entry in diagnostics.compare(nets, diagnostics.batch(task, cfg.training.length, 64)).items():
        print(f"{name}: {entry}")


def around(folder: Path, task: tasks.Task, model: str) -> None:
    """From how far training finds back to the reference, and the loss between it and other weights."""
    cfg, net, reference, _ = _pair(task, model, steps=300, length=8)
    batch = diagnostics.batch(task, 8, 128)

    for name, fit in [("no training", lambda net: None), ("300 steps up to n = 8", lambda net: train(cfg, task, net))]:
        for length in (8, 32):
            found = basin.recoveries(reference, fit, lambda net, n=length: solves(net, task, n, 128, 0, threshold=1.0), SIGMAS)
            print(f"\n{name}, all words right again at n = {length}: radius {basin.basin_radius(found):g} of {found}")
    lines = {"initial to reference": basin.loss_along(net, reference, *batch)}
    train(cfg, task, net)
    lines["trained to reference"] = basin.loss_along(net, reference, *batch)
    for name, losses in lines.items():
        print(f"loss, {name}: " + " ".join(f"{loss:.3f}" for loss in losses))
    series = {name: [(k / 10, loss) for k, loss in enumerate(losses)] for name, losses in lines.items()}
    (folder / "loss_along.png").write_bytes(picture.png(picture.curves(series, "alpha", "loss", f"{model} on {task.label}")))


def _pair(task: tasks.Task, model: str, steps: int, length: int = 12) -> tuple:
    """A configuration, a fresh net, one with reference weights, and the reference."""
    cfg = OmegaConf.structured(Config(task={"name": task.name}, model={"name": model}))
    cfg.training.steps, cfg.training.length = steps, length
    net, reference = models.build(model, task), models.build(model, task)
    return cfg, net, reference, reference.realise(task.program())


PARTS = {"shattered": shattered, "signal": signal, "trained": trained, "basin": around}


def main() -> None:
    """Run the parts."""
    torch.set_num_threads(1)
    folder, *rest = sys.argv[1:] or ["."]
    options = dict(text.split("=", 1) for text in rest if "=" in text)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for part in [text for text in rest if "=" not in text] or PARTS:
        PARTS[part](Path(folder), tasks.get(options.get("task", "parity")), options.get("model", "resnet"))


if __name__ == "__main__":
    main()
