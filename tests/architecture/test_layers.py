"""The shape of the code: layers by import, slow modules off the paths that must be quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lakeshell"

DRIVERS = {
    "duckdb",
    "pyiceberg",
    "sqlite3",
    "adbc_driver_sqlite",
    "adbc_driver_manager",
    "fastavro",
}
ADAPTERS = ("source", "catalog", "store", "engine", "ledger")
VERBS = ("crawl", "etl", "query", "cost")


def imports(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever it stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def files(*packages: str) -> list[Path]:
    return [file for package in packages for file in sorted((PACKAGE / package).rglob("*.py"))]


def test_only_adapters_import_drivers() -> None:
    outside = [
        file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] not in ADAPTERS
    ]
    assert len(outside) > 20
    found = {
        str(file.relative_to(ROOT)): driver
        for file in outside
        for driver in DRIVERS & {name.split(".")[0] for name in imports(file)}
    }
    # The generator of the demo's source makes a SQLite file: that is its whole purpose.
    assert {name for name in found if not name.startswith("lakeshell/demo/")} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_know_ports_and_not_adapters(verb: str) -> None:
    for file in files(verb):
        taken = {name.split(".")[1] for name in imports(file) if name.startswith("lakeshell.")}
        assert not taken & {*ADAPTERS, "cli", "tui", "lake"}, file


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_adapters_know_no_verb_and_no_face(adapter: str) -> None:
    allowed = {"store"} if adapter in ("engine", "catalog") else set()
    for file in files(adapter):
        taken = {name.split(".")[1] for name in imports(file) if name.startswith("lakeshell.")}
        others = {*ADAPTERS} - {adapter} - allowed
        assert not taken & {*VERBS, *others, "cli", "tui", "lake", "definitions"}, file


def test_the_core_never_prints() -> None:
    for file in files(*ADAPTERS, *VERBS, "sql"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{file}:{node.lineno}"


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `code`."""
    ending = "\nimport sys; print('MODULES', *sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + ending], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.rsplit("MODULES", 1)[1].split())


SLOW = {
    "duckdb", "pyarrow", "pyiceberg", "sqlalchemy", "numpy", "pandas", "rich", "fastavro",
    "openpyxl", "tomlkit", "pydantic", "requests", "sqlglot", "adbc_driver_manager",
    "textual", "tree_sitter",
}  # fmt: skip


def test_help_loads_nothing_slow() -> None:
    for words in (["--help"], []):
        code = f"from lakeshell.cli.main import main\ntry: main({words})\nexcept SystemExit: pass"
        assert loaded(code) & SLOW == set()


@pytest.mark.parametrize("words", [["query", "--help"], ["job", "run", "--help"]])
def test_help_of_a_command_loads_nothing_slow(words: list[str]) -> None:
    code = f"from lakeshell.cli.main import main\ntry: main({words!r})\nexcept SystemExit: pass"
    assert loaded(code) & SLOW == set()


MANY_ROWS = "select n, n * 2 from unnest(sequence(1, 9000)) as t(n)"


@pytest.mark.parametrize("sql", ["select 1", MANY_ROWS])
def test_a_query_loads_duckdb_and_arrow_and_nothing_else_slow(tmp_path: Path, sql: str) -> None:
    code = (
        "from lakeshell.cli.main import main\n"
        f"try: main(['init', {str(tmp_path)!r}])\nexcept SystemExit: pass\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
    code = (
        "from lakeshell.cli.main import main\n"
        f"try: main(['query', '--lake', {str(tmp_path)!r}, '-e', {sql!r}])\n"
        "except SystemExit as ended: assert not ended.code, ended.code"
    )
    assert loaded(code) & SLOW <= {"duckdb", "pyarrow"}


def test_a_query_on_trino_loads_neither_duckdb_nor_the_embedded_engine() -> None:
    """Nor TLS, an HTTP library or the parser, which this statement does not need."""
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import threading, json\n"
        "from lakeshell.engine.trino.address import TrinoAddress\n"
        "from lakeshell.engine.trino.engine import TrinoEngine\n"
        "from lakeshell.ports import Session\n"
        "from socket import create_server\n"
        "server = create_server(('127.0.0.1', 0))\n"
        "def answer():\n"
        "    wire, _ = server.accept()\n"
        "    wire.recv(65536)\n"
        "    page = {'id': 'q', 'columns': [{'name': 'n', 'type': 'integer'}], 'data': [[1]],"
        " 'stats': {}}\n"
        "    body = json.dumps(page, separators=(',', ':')).encode()\n"
        "    wire.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(body) + body)\n"
        "threading.Thread(target=answer, daemon=True).start()\n"
        "engine = TrinoEngine(address=TrinoAddress('http://127.0.0.1:%d' % server.getsockname()[1]),"
        " catalog=None, connections=lambda: ('movies',), estimator=None)\n"
        "(statement,) = engine.split('SELECT 1')\n"
        "(batch,) = engine.run(statement.text, Session('ada')).batches()\n"
        "assert batch.to_pylist() == [{'n': 1}]\n"
        "held = set(sys.modules)\n"
        "assert not [m for m in held if m.startswith('lakeshell.engine.embedded')]\n"
        "assert not held & {'ssl', 'http.client', 'lakeshell.sql.parser', 'pyarrow.compute'}, held\n"
    )
    assert loaded(code) & SLOW - {"numpy"} <= {"pyarrow"}


def test_work_apart_from_the_console_loads_nothing_of_the_screen() -> None:
    assert not {"textual", "rich"} & loaded("import lakeshell.tui.apart")


def test_every_test_module_has_a_name_of_its_own() -> None:
    """pytest takes two of one name for the same module, and leaves one out with an error."""
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
