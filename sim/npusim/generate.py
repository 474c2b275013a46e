"""Write the files that derive from tables: `python -m npusim.generate` (`make generate`).

The files are committed; tests fail when one of them is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from npusim import csr, isa_doc, resources_doc
from npusim.rtl import modules_doc

FILES: dict[str, Callable[[], str]] = {
    "docs/csr.md": csr.markdown,
    "docs/isa.md": isa_doc.markdown,
    "docs/resources.md": resources_doc.markdown,
    "docs/rtl-modules.md": modules_doc.markdown,
    "rtl/npu_csr.vh": csr.verilog,
    "rtl/npu_isa.vh": isa_doc.verilog,
}


def repository() -> Path:
    """Return the folder of the source tree; `FileNotFoundError` for an installed package, which has none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise FileNotFoundError(f"{root} is not the source tree of npusim; generated files belong there")
    return root


def stale(root: Path) -> list[str]:
    """Return the names of files that differ from what would be generated."""
    return [name for name, make in FILES.items() if not _is_current(root / name, make())]


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main() -> None:
    """Write every file that is stale, and say which."""
    root = repository()
    for name in stale(root):
        (root / name).write_text(FILES[name](), encoding="utf-8")
        print(f"{name}: written", file=sys.stderr)


if __name__ == "__main__":
    main()
