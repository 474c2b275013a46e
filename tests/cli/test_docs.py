"""The pages say what the code does: shell blocks run, tables are complete, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import Call

from npusim.cli.bench_all import NETWORKS
from npusim.cli.commands import COMMANDS
from npusim.cli.configs import MEANING
from npusim.compiler.front.operators import OPERATORS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"<!-- run -->\n```sh\n(.*?)```", re.S)
BLOCKS = [(page.name, at, text) for page in PAGES for at, text in enumerate(BLOCK.findall(page.read_text("utf-8")))]


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(("name", "at", "text"), BLOCKS, ids=[f"{name}-{at}" for name, at, _ in BLOCKS])
def test_shell_blocks_run(tmp_path: Path, name: str, at: int, text: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{name}, block {at}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_there_are_blocks_to_run() -> None:
    assert {name for name, _, _ in BLOCKS} >= {"README.md", "run-a-model.md", "bring-your-own-model.md"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_the_table_of_operators_is_complete() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", page("docs/bring-your-own-model.md"), re.M)
    assert {op for row in rows for op in re.findall(r"`(\w+)`", row)} == set(OPERATORS)


def test_the_table_of_parameters_is_complete() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page("docs/configure-a-machine.md"), re.M))
    assert rows == MEANING


def test_the_table_of_keys_is_complete(npusim: Call) -> None:
    data = json.loads(npusim("run", "mlp", "--check", "--golden", "--json", "-").out)
    table = page("docs/read-the-report.md").split("## JSON")[1].split("## Timeline")[0]
    documented = {key for row in re.findall(r"^\| ([^|]*) \|", table, re.M) for key in re.findall(r"`(\w+)`", row)}
    assert documented == set(data)
    for key in data["layers"][0]:
        assert f"`{key}`" in table


def test_every_dependency_is_justified() -> None:
    project = tomllib.loads(page("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    text = page("docs/dependencies.md")
    for requirement in wanted:
        name = re.split(r"[^\w-]", requirement)[0]
        assert re.search(rf"^\|[^|]*`{name}`", text, re.M), name


def test_the_readme_has_figures_and_every_command_is_documented() -> None:
    figures = page("README.md").split("<!-- figures -->")[1].split("<!-- end of figures -->")[0]
    for network in NETWORKS:
        assert re.search(rf"^\| {network.label} \| [\d.]+ \|", figures, re.M), network.label
    everything = "".join(path.read_text("utf-8") for path in PAGES)
    for command in COMMANDS:
        assert f"npusim {command}" in everything
