"""Loads the knowledge files that travel inside the package and says exactly where one is wrong.

Knowledge is data: YAML and CSV beside the code that owns it, read through strict pydantic models. A wrong
file is reported with its name and line, never half loaded.

Example:
    >>> class Fact(Strict):
    ...     name: str
    ...     value_mm: float
    >>> parse_yaml("name: ST36\\nvalue_mm: 25\\n", Fact, file="x.yaml").value_mm
    25.0
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError


class Strict(BaseModel):
    """Base of every knowledge record: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Problem:
    """One fault in a knowledge file. `line` counts from 1; 0 means the file as a whole."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.where}: {self.message}" if self.where else f"{place}: {self.message}"


class KnowledgeError(ValueError):
    """A knowledge file does not hold what its schema says. `problems` lists every fault found."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


T = TypeVar("T")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def data_path(package: str, *parts: str) -> Path:
    """Path of a data file of `package`, e.g. `data_path("deqi.science.points", "points.csv")`."""
    return Path(str(files(package).joinpath("data", *parts)))


def parse_yaml(text: str, schema: type[T] | Any, *, file: str) -> T:
    """Reads YAML `text` as `schema` (a pydantic model or any type pydantic can check).

    Raises KnowledgeError with file and line for bad syntax, unknown keys and values out of range.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 - the C safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise KnowledgeError([Problem(file, mark.line + 1 if mark else 0, "", error.problem or "not YAML")])
    try:
        return TypeAdapter(schema).validate_python(raw)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise KnowledgeError(
            [
                Problem(file, _line_of(node, item["loc"]), ".".join(map(str, item["loc"])), item["msg"])
                for item in error.errors()
            ]
        )


def load_yaml(path: Path, schema: type[T] | Any) -> T:
    """Reads the YAML file at `path` as `schema`. See `parse_yaml` for the errors."""
    return parse_yaml(path.read_text(encoding="utf-8"), schema, file=path.name)  # type: ignore[no-any-return]


def parse_csv(text: str, row: type[T], *, file: str) -> tuple[T, ...]:
    """Reads CSV `text` (with a header) as one `row` model a line. Empty cells become None.

    Raises KnowledgeError naming file, line and column of every bad cell.
    """
    adapter: TypeAdapter[T] = TypeAdapter(row)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    rows: list[T] = []
    problems: list[Problem] = []
    for cells in reader:
        if None in cells or None in cells.values():
            problems.append(
                Problem(file, reader.line_num, "", "the row has more or fewer cells than the header")
            )
            continue
        try:
            rows.append(adapter.validate_python({key: value or None for key, value in cells.items()}))
        except ValidationError as error:
            for item in error.errors():
                problems.append(Problem(file, reader.line_num, ".".join(map(str, item["loc"])), item["msg"]))
    if problems:
        raise KnowledgeError(problems)
    return tuple(rows)


def load_csv(path: Path, row: type[T]) -> tuple[T, ...]:
    """Reads the CSV file at `path` as one `row` a line. See `parse_csv` for the errors."""
    return parse_csv(path.read_text(encoding="utf-8"), row, file=path.name)


def gather(loaders: Iterable[Any]) -> list[Problem]:
    """Runs each loader (a function without arguments) and gathers the problems of those that fail."""
    problems: list[Problem] = []
    for loader in loaders:
        try:
            loader()
        except KnowledgeError as error:
            problems.extend(error.problems)
    return problems


def _line_of(node: Any, location: Sequence[Any]) -> int:
    """Line (from 1) of the deepest node that `location` reaches."""
    line = node.start_mark.line + 1 if node is not None else 0
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node, line = value, key.start_mark.line + 1
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
