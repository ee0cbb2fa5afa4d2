"""The rules of the house, read from the source: layers, owners of libraries, sizes, words."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each layer may import besides itself.
LAYERS = {
    "schemas": set[str](),
    "pipelines": {"schemas"},
    "flows": {"schemas", "pipelines"},
    "firmware_profiles": {"schemas"},
    "cloud_sync": {"schemas"},
    "edge_agent": {"schemas", "pipelines", "flows", "firmware_profiles", "cloud_sync"},
}
# The one place (file or folder) where a library may be imported.
OWNERS = {
    "yaml": ["pipelines/source.py"],
    "jinja2": ["pipelines", "firmware_profiles/decoders/ha_discovery/template.py"],
    "apscheduler": ["flows"],
    "astral": ["flows"],
    "prefect": ["flows/prefect"],
    "fastapi": ["flows/prefect/server"],
    "starlette": ["flows/prefect/server"],
    "asyncpg": ["flows/prefect/server"],
    "sqlite3": ["flows/prefect/server"],
    "duckdb": ["edge_agent/ledger"],
    "paho": ["edge_agent/channels"],
    "amqtt": ["edge_agent/channels"],
    "litestar": ["edge_agent/gateway"],
    "uvicorn": ["edge_agent/gateway", "flows/prefect/server"],
    "httpx": ["edge_agent"],
    "h11": ["edge_agent/prefect"],
    "click": ["edge_agent/cli"],
    "rich": ["edge_agent/cli", "edge_agent/demo"],
    "uvloop": ["edge_agent"],
    "tvm": ["edge_agent/models"],
    "tvm_ffi": ["edge_agent/models"],
    "mlc_llm": ["edge_agent/models"],
    "onnxruntime": ["edge_agent/models/exported"],
}
# Imported inside the function that needs them, never when a module loads.
HEAVY = {"prefect", "fastapi", "asyncpg", "tvm", "tvm_ffi", "mlc_llm", "onnxruntime"}
# Nothing but classes of a heavy library: loaded by a function of their neighbour, never before.
ALL_HEAVY = {
    "edge_agent/models/compiling/intent_network.py",
    "edge_agent/models/compiling/network.py",
    "flows/prefect/engine/client.py",
    "flows/prefect/engine/engines.py",
    "flows/prefect/engine/records.py",
}
# Parts of edge_agent meet only here.
WIRING = {"edge_agent/main.py"}
# A little over 300 lines, and still one idea each.
LONG = {
    "edge_agent/channels/mqtt.py",
    "edge_agent/channels/mqtt_client.py",
    "edge_agent/ledger/packing.py",
    "flows/engine.py",
    "flows/lane.py",
    "pipelines/expression_python.py",
}

MACHINE = re.compile("|".join(["/wo" + r"rk/\w", "/ro" + r"ot/\w"]))
HOSTS = re.compile("|".join(["py" + r"pi\.org", "python" + "hosted", r"registry\.npm" + "js"]))
_LATER = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".sql", ".hcl", ".sh", ""}

MODULES = sorted(
    path.relative_to(ROOT).as_posix() for layer in LAYERS for path in (ROOT / layer).rglob("*.py")
)


def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imports(node: ast.AST) -> Iterator[str]:
    """The dotted names that every import statement under the node asks for."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports are absolute"
            yield child.module or ""


def imports_on_load(module: ast.Module) -> Iterator[str]:
    """Imports that run when the module is loaded: none in functions, none for type checkers."""
    for statement in module.body:
        guarded = isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test)
        if not guarded and not isinstance(statement, _LATER):
            yield from imports(statement)


def committed() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def inside(module: str, places: list[str]) -> bool:
    return any(module == place or module.startswith(f"{place}/") for place in places)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    layer = module.split("/")[0]
    used = {name.split(".")[0] for name in imports(tree(module))} & (set(LAYERS) | {"tests"})
    assert used <= LAYERS[layer] | {layer}


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_only_by_its_owner(module: str) -> None:
    used = {name.split(".")[0] for name in imports(tree(module))}
    strangers = {name for name in used & set(OWNERS) if not inside(module, OWNERS[name])}
    assert not strangers


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_inside_the_function_that_needs_them(module: str) -> None:
    loaded = set(imports_on_load(tree(module)))
    heavy = {name.split(".")[0] for name in loaded} & HEAVY
    heavy |= {f"{name.replace('.', '/')}.py" for name in loaded} & ALL_HEAVY
    assert module in ALL_HEAVY or not heavy


@pytest.mark.parametrize("module", [name for name in MODULES if name.count("/") == 2])
def test_parts_of_the_agent_do_not_import_its_wiring(module: str) -> None:
    if module.startswith(("edge_agent/cli/", "edge_agent/demo/")):
        return
    assert not {f"{name.replace('.', '/')}.py" for name in imports(tree(module))} & WIRING


@pytest.mark.parametrize("module", MODULES)
def test_every_module_opens_with_one_line_saying_what_it_holds(module: str) -> None:
    docstring = ast.get_docstring(tree(module)) or ""
    assert docstring.split("\n\n")[0].count("\n") == 0 and docstring.endswith((".", ")"))


@pytest.mark.parametrize("module", MODULES)
def test_no_file_is_over_300_lines_without_being_listed(module: str) -> None:
    assert len((ROOT / module).read_text().splitlines()) <= 300 or module in LONG


@pytest.mark.parametrize(
    "module", [name for name in MODULES if not name.startswith("edge_agent/cli/")]
)
def test_only_the_command_line_prints(module: str) -> None:
    calls = (node.func for node in ast.walk(tree(module)) if isinstance(node, ast.Call))
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"]


def test_committed_files_carry_no_machine_paths_and_no_registry_hosts() -> None:
    found = []
    for name in committed():
        if Path(name).suffix in TEXT:
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {hit.group()}" for hit in MACHINE.finditer(text)]
            found += [f"{name}: {hit.group()}" for hit in HOSTS.finditer(text)]
    assert not found


def test_locked_requirements_carry_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "--index-url" not in text and "://" not in text
        pins = re.findall(r"^\w.*", text, re.MULTILINE)
        assert pins and all(pin.endswith("\\") for pin in pins), lock.name
