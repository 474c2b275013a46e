"""A compiler cache for Verilator's run-time library, which takes most of the time of a small build.

Verilator's makefile puts `$OBJCACHE` in front of every compiler call; this module is such a command:
`python object_cache.py FOLDER c++ -Os … -c -o verilated.o …/verilated.cpp`. An object is filed in FOLDER under a digest
of the compiler, its options and the preprocessed source; other calls pass straight through.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIBRARY = ("verilated", "verilator.cpp")  # sources worth keeping: the run-time library and cocotb's main


def key_of(command: list[str]) -> str:
    """Digest of everything that decides the object's content."""
    output = command.index("-o")
    bare = [word for word in command[:output] + command[output + 2 :] if word not in ("-c", "-MMD")]
    text = subprocess.run([*bare, "-E", "-P"], capture_output=True, check=True).stdout
    version = subprocess.run([command[0], "--version"], capture_output=True, check=True).stdout
    options = " ".join(word for word in bare if not word.startswith("-I")).encode()
    return hashlib.sha256(version + options + text).hexdigest()[:32]


def main(folder: Path, command: list[str]) -> int:
    """Run the compiler call or copy its kept result; returns the compiler's exit code."""
    source = next((Path(word).name for word in command if word.endswith(".cpp")), "")
    if not source.startswith(LIBRARY) or "-c" not in command or "-o" not in command:
        return subprocess.run(command, check=False).returncode
    target = Path(command[command.index("-o") + 1])
    kept = folder / f"{key_of(command)}.o"
    if kept.exists():
        shutil.copyfile(kept, target)
        return 0
    code = subprocess.run(command, check=False).returncode
    if code == 0:
        folder.mkdir(parents=True, exist_ok=True)
        handle, staging = tempfile.mkstemp(dir=folder)
        os.close(handle)
        shutil.copyfile(target, staging)
        os.replace(staging, kept)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
