"""How the code is laid out: files a folder, the longest file and class, circles of imports.

``python -m tests.measure.house [ROOT]`` prints the figures of this or another checkout.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.support.paths import ROOT

PARTS = ("bot", "index", "config")


def modules(root: Path) -> dict[str, ast.Module]:
    """Return the parsed modules of a checkout, by dotted name."""
    found = {}
    for part in PARTS:
        for path in sorted((root / part).rglob("*.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return found


def imports(tree: ast.Module, known: Mapping[str, ast.Module]) -> Iterator[str]:
    """Yield the modules that a module imports anywhere, for types alone too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in inner)


def circles(found: Mapping[str, ast.Module]) -> list[list[str]]:
    """Return circles of imports, each cut once it is found, until none is left."""
    graph = {
        name: {other for other in imports(tree, found) if other in found and other != name}
        for name, tree in found.items()
    }
    circular = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = list(error.args[1])
            circular.append(circle)
            graph[circle[1]].discard(circle[0])
        else:
            return circular


def main() -> None:
    """Print the figures."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    found = modules(root)
    folders: Counter[str] = Counter()
    files, classes = [], []
    for part in PARTS:
        for path in (root / part).rglob("*.py"):
            folders[str(path.parent.relative_to(root))] += path.name != "__init__.py"
            files.append((len(path.read_text("utf-8").splitlines()), path.relative_to(root)))
    for name, tree in found.items():
        classes += [
            (int(node.end_lineno or 0) - node.lineno + 1, f"{name}.{node.name}")
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        ]
    print("files a folder:", ", ".join(f"{f} {n}" for f, n in sorted(folders.items())))
    for title, longest in (("files", sorted(files)), ("classes", sorted(classes))):
        print(f"longest {title}:", ", ".join(f"{n} {lines}" for lines, n in longest[:-4:-1]))
    print("circles of imports:", len(circles(found)))
    for circle in circles(found):
        print("  " + " -> ".join(circle))


if __name__ == "__main__":
    main()
