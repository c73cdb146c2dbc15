"""Generate src/atedb/v1 from the schema, or, with --check, say whether it is what the schema makes."""

import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
PROTO = HERE.parents[1] / "proto"
TARGET = HERE / "src"


def generate(into: Path) -> None:
    """Run protoc of grpcio-tools."""
    files = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "atedb" / "v1").glob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", str(PROTO)]
    # No stubs of services: calls are made in bytes, and what grpcio-tools makes of services is servers', too.
    outputs = [f"--{kind}_out={into}" for kind in ("python", "pyi")]
    subprocess.run([*command, *outputs, *files], check=True)
    (into / "atedb" / "v1" / "__init__.py").write_text(
        '"""Generated from the schema: scripts/generate_stubs.py."""\n'
    )


def main() -> int:
    """Generate, or check."""
    if "--check" not in sys.argv[1:]:
        generate(TARGET)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        generate(made)
        names = sorted(path.name for path in (made / "atedb" / "v1").iterdir())
        there = sorted(p.name for p in (TARGET / "atedb" / "v1").iterdir() if p.suffix in (".py", ".pyi"))
        _, differ, errors = filecmp.cmpfiles(
            made / "atedb" / "v1", TARGET / "atedb" / "v1", names, shallow=False
        )
    if names != there or differ or errors:
        sys.stderr.write(
            f"src/atedb/v1 does not match proto/: {differ + errors}; run scripts/generate_stubs.py\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
