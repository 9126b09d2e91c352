"""Find, by looking, the classes that a package's modules define, and make them from typed parameters: no registry."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import iter_modules
from typing import Any, TypeVar, get_args, get_origin

from tasks import plugins

Kind = TypeVar("Kind")


def names_in(package: str, besides: Collection[str]) -> list[str]:
    """Names of the modules of `package` that are neither packages nor `besides`, sorted: found, not imported."""
    modules = iter_modules(import_module(package).__path__)
    return sorted({module.name for module in modules if not module.ispkg} - {*besides})


def class_of(module: str, kind: type[Kind], error: type[Exception]) -> type[Kind]:
    """The concrete subclass of `kind` that the module defines; `error`, in one line, unless there is exactly one."""
    if refused := plugins.refusal(*module.rsplit(".", 1)):
        raise error(refused)
    try:
        loaded = import_module(module)
    except Exception as fault:  # a file of a user's may do anything
        raise error(f"{module} cannot be imported: {type(fault).__name__}: {' '.join(str(fault).split())}") from fault
    members = [member for _, member in getmembers(loaded, isclass) if member.__module__ == module]
    found = [member for member in members if issubclass(member, kind) and not isabstract(member)]
    if len(found) != 1:
        raise error(f"{module} defines {len(found)} classes that are a concrete {kind.__name__}; exactly one is needed")
    return found[0]


def configured(cls: type[Kind], name: str, parameters: Mapping[str, Any], error: type[Exception]) -> Kind:
    """`cls(**parameters)` for a dataclass, each value checked against the type of its field; `error` in one line."""
    from omegaconf import OmegaConf  # slow to import, and `realizable --help` needs none
    from omegaconf.errors import OmegaConfBaseException

    known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    for parameter in parameters:
        if parameter not in known:
            raise error(f"{name}: unknown parameter {parameter!r}; there are {', '.join(known) or 'none'}")
    for f in fields(cls):  # type: ignore[arg-type]
        if numbers := _numbers(f.type, parameters.get(f.name)):
            raise error(
                f"{name}: {f.name} is text, and {numbers[0]!r} is a number, perhaps not as it was written: put it in quotes, "
                f'as {f.name}: "{numbers[0]}" in YAML or \'{f.name}="{numbers[0]}"\' on a command line'
            )
    schema = OmegaConf.structured(cls)
    OmegaConf.set_readonly(schema, False)
    try:
        given = {f.name: _read(f.type, parameters[f.name]) for f in fields(cls) if f.name in parameters}  # type: ignore[arg-type]
        merged = OmegaConf.merge(schema, given)
    except OmegaConfBaseException as fault:
        raise error(f"{name}: {fault.full_key}: {str(fault).splitlines()[0]}") from None
    return cls(**OmegaConf.to_container(merged))  # type: ignore[arg-type]


def _numbers(kind: Any, given: object) -> list[object]:
    """What is given for a text, or in a list of texts, and is none: 012 in YAML is ten, and 01_ is one."""
    if kind is str:
        return [given] if isinstance(given, bool | int | float) else []
    if get_origin(kind) is list and isinstance(given, Iterable):
        return [number for item in given for number in _numbers(get_args(kind)[0], item)]
    return []


def _read(kind: Any, given: Any) -> Any:
    """What is given, with whole numbers for the texts of whole numbers inside of lists, which OmegaConf reads outside only."""
    if get_origin(kind) is list and isinstance(given, list):
        return [_read(get_args(kind)[0], item) for item in given]
    return int(given) if kind is int and isinstance(given, str) and re.fullmatch("-?[0-9]{1,18}", given) else given


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be: `low` to `high`, without an end that is `open`; never infinite, never NaN."""

    low: float
    high: float
    open: str = ""

    def __contains__(self, value: object) -> bool:
        if type(value) not in (int, float):
            return False
        above = value > self.low if "low" in self.open else value >= self.low  # type: ignore[operator]
        return above and (value < self.high if "high" in self.open else value <= self.high)  # type: ignore[operator]

    def __str__(self) -> str:
        low, high = (str(end) if isinstance(end, int) else f"{end:g}" for end in (self.low, self.high))
        above, below = "more than" if "low" in self.open else "at least", "less than" if "high" in self.open else "at most"
        return f"{above} {low} and {below} {high}"


@dataclass(frozen=True)
class Choice:
    """The texts that a setting may be."""

    texts: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.texts

    def __str__(self) -> str:
        return ", ".join(self.texts)


def ranged(default: float, low: float, high: float, open: str = "") -> Any:
    """A field of a dataclass that holds a number of that `Range`, to be checked by `check`."""
    return field(default=default, metadata={"allowed": Range(low, high, open)})


def chosen(default: str, *others: str) -> Any:
    """A field of a dataclass that holds one of these texts, to be checked by `check`."""
    return field(default=default, metadata={"allowed": Choice((default, *others))})


LATER = {"later": True}  # of a field that came after runs had been recorded; for a list: field(..., metadata=LATER)


def later(default: Any) -> Any:
    """A field that came after runs had been recorded: at its default it is no part of a run's identity, nor of its record."""
    return field(default=default, metadata=LATER)


def stated(configured: Any) -> dict[str, Any]:
    """The fields by name that say what something is: all but those that came `later` and are at their default."""
    values = {f.name: getattr(configured, f.name) for f in fields(configured)}
    return {
        f.name: values[f.name] for f in fields(configured) if not (f.metadata.get("later") and values[f.name] == _default(f))
    }


def _default(f: Field[Any]) -> Any:
    return f.default if f.default_factory is MISSING else f.default_factory()


def check(settings: Any, where: str, error: type[Exception]) -> None:
    """`error`, in one line that names the setting and what is allowed, unless all fields are what they may be."""
    for f in fields(settings):
        value, allowed = getattr(settings, f.name), f.metadata.get("allowed")
        if allowed is not None and value not in allowed:
            raise error(f"{where}{f.name}={value} is not allowed; allowed: {allowed}")


def module_name(configured: object) -> str:
    """The name under which a task or a model is found: that of the file that defines its class."""
    return type(configured).__module__.rpartition(".")[2]


def label(configured: Any, besides: Collection[str] = ()) -> str:
    """That name with the parameters that differ from their defaults, `besides` these: `counter(modulus=5)`."""
    defaults = type(configured)()
    values = {f.name: getattr(configured, f.name) for f in fields(configured)}
    changed = [f"{name}={value}" for name, value in values.items() if name not in besides and value != getattr(defaults, name)]
    return module_name(configured) + (f"({', '.join(changed)})" if changed else "")
