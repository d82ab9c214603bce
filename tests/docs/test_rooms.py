"""Rooms show themselves: operations do, queries read, and one name is one class."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "service"
ROOMS = sorted(path.parent for path in SERVICE.glob("domain/*/http.py"))


def _functions(file: Path) -> list[ast.AsyncFunctionDef | ast.FunctionDef]:
    tree = ast.parse(file.read_text("utf-8"))
    return [node for node in tree.body if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef))]


def _only_forwards(function: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    """Whether all it does is to call something else with what it was given."""
    body = [
        node
        for node in function.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    if len(body) != 1 or not isinstance(body[0], (ast.Return, ast.Expr)):
        return False
    call = body[0].value
    call = call.value if isinstance(call, ast.Await) else call
    if not isinstance(call, ast.Call) or (
        isinstance(call.func, ast.Attribute) and (ast.unparse(call.func).startswith("tx."))
    ):
        return False
    given = [argument.arg for argument in function.args.args]
    return [ast.unparse(argument) for argument in call.args] == given


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_an_operation_does_something(room: Path) -> None:
    """What only hands its arguments on is called by the handler itself. A room may only read."""
    file = room / "operations.py"
    functions = _functions(file) if file.exists() else []
    assert [f.name for f in functions if _only_forwards(f)] == []


def test_forwarding_is_noticed() -> None:
    """The control, in the forms there were."""
    for text, forwards in (
        (
            "async def a(tx, m, cursor):\n    'Why.'\n    return await queries.b(tx, m, cursor)",
            True,
        ),
        ("def a(tx, m):\n    queries.b(tx, m)", True),
        ("async def a(tx, m):\n    tx.do('select', m)\n    return await queries.b(tx, m)", False),
        ("async def a(tx, data):\n    return await queries.b(tx, data.text)", False),
    ):
        (function,) = ast.parse(text).body
        assert isinstance(function, (ast.AsyncFunctionDef, ast.FunctionDef))
        assert _only_forwards(function) == forwards


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_queries_read(room: Path) -> None:
    """Writes stand in operations.py: `do` and `attempt` queue what changes something."""
    file = room / "queries.py"
    text = file.read_text("utf-8") if file.exists() else ""
    assert "tx.do(" not in text
    assert "tx.attempt(" not in text


def test_one_name_is_one_class() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for file in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(file.relative_to(SERVICE)))
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
