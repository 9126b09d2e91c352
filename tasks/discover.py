"""Find, by looking, the classes that a package's modules define, and make them from typed parameters: no registry."""

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from inspect import getmembers, isabstract, isclass
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

Kind = TypeVar("Kind")


def names_in(package: str, kind: type[Kind]) -> list[str]:
    """Names of the modules of `package` that define a concrete subclass of `kind`, sorted."""
    found = sorted(module.name for module in iter_modules(import_module(package).__path__))
    return [name for name in found if _defined(import_module(f"{package}.{name}"), kind)]


def class_of(module: str, kind: type[Kind]) -> type[Kind]:
    """The concrete subclass of `kind` that the module defines."""
    return _defined(import_module(module), kind)[0]


def configured(cls: type[Kind], name: str, parameters: Mapping[str, Any], error: type[Exception]) -> Kind:
    """`cls(**parameters)` for a dataclass, each value checked against the type of its field; `error` in one line."""
    known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    for parameter in parameters:
        if parameter not in known:
            raise error(f"{name}: unknown parameter {parameter!r}; there are {', '.join(known) or 'none'}")
    schema = OmegaConf.structured(cls)
    OmegaConf.set_readonly(schema, False)
    try:
        merged = OmegaConf.merge(schema, dict(parameters))
    except OmegaConfBaseException as fault:
        raise error(f"{name}: {fault.full_key}: {str(fault).splitlines()[0]}") from None
    return cls(**OmegaConf.to_container(merged))  # type: ignore[arg-type]


def module_name(configured: object) -> str:
    """The name under which a task or a model is found: that of the file that defines its class."""
    return type(configured).__module__.rpartition(".")[2]


def label(configured: Any) -> str:
    """That name with the parameters that differ from their defaults: `counter(modulus=5)`."""
    defaults = type(configured)()
    values = {f.name: getattr(configured, f.name) for f in fields(configured)}
    changed = [f"{name}={value}" for name, value in values.items() if value != getattr(defaults, name)]
    return module_name(configured) + (f"({', '.join(changed)})" if changed else "")


def _defined(module: ModuleType, kind: type[Kind]) -> list[type[Kind]]:
    members = [member for _, member in getmembers(module, isclass) if member.__module__ == module.__name__]
    return [member for member in members if issubclass(member, kind) and not isabstract(member)]
