"""What Weights & Biases is shown of a run: its summary and the table of its scores; the record on disk stays what counts."""

from typing import Any

from leaderboard.store.schema import SCORE


def scalars(record: dict[str, Any]) -> dict[str, Any]:
    """Scalars of a record under names like `trained/symbol@24` and `gap/word@24` (24: the length)."""
    shown = {key: record[key] for key in ("id", "status", "reason")} | {"commit": record["code"]["commit"]}
    for part in ("net", "reference", "training", "cost"):
        values = record[part] or {}
        shown |= {f"{part}/{key}": value for key, value in values.items() if not isinstance(value, list)}
    found: dict[tuple[str, str, int], float] = {}
    for score in record["scores"]:
        for unit in ("symbol", "word"):
            found[score["weights"], unit, score["length"]] = score[f"{unit}s_correct"] / score[f"{unit}s"]
    shown |= {f"{weights}/{unit}@{length}": accuracy for (weights, unit, length), accuracy in found.items()}
    for (weights, unit, length), accuracy in found.items():
        if weights == "reference" and ("trained", unit, length) in found:
            shown[f"gap/{unit}@{length}"] = accuracy - found["trained", unit, length]
    return shown


def mirror(run: Any, record: dict[str, Any]) -> None:
    """Show a record in a run of wandb, and end that run: exit code 1 in its list if the record is of a failure."""
    import wandb

    run.config.update(record["config"], allow_val_change=True)
    if record["scores"]:
        run.log({"scores": wandb.Table([*SCORE], [[score[name] for name in SCORE] for score in record["scores"]])})
    run.summary.update(scalars(record))
    run.finish(exit_code=int(record["status"] != "done"))
