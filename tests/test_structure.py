"""The package reads in the order in which data flows, and its names are not taken twice."""

import ast

import pytest
from conftest import ROOT

PACKAGE = ROOT / "topics"
FOLDERS = "read text vectors model run pipeline measures labelling figures report".split()
MODULES = sorted(PACKAGE.rglob("*.py"))


def place(parts):
    """Where a module stands in the order; those beside the folders stand before all of them."""
    if parts and parts[0] == "__main__":
        return len(FOLDERS)
    return FOLDERS.index(parts[0]) if parts and parts[0] in FOLDERS else -1


def imports(tree):
    """Modules of the package that a module needs when it runs, as parts of their names."""
    for_types = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.unparse(test.test)
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types:
            parts = (node.module or "").split(".")
            if parts == ["topics"]:
                yield from ([alias.name] for alias in node.names)
            elif parts[0] == "topics":
                yield parts[1:]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_nothing_from_a_later_folder_and_no_function_bears_its_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if parts != ("__init__",):  # imports a public name when it is asked for
        assert [found for found in imports(tree) if place(found) > place(parts)] == []
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions & {other.stem for other in MODULES if other.parent == path.parent} == set()
