"""What `emsockets lint` takes for a tree of 2,000 C++ files: at first, and with nothing changed.

Usage: python benchmarks/lint_cost.py [--files N] [--sockets PERCENT]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
PLAIN = """
struct Shape{number} {{
    double width = {number}.0, height = 1.0;
    double area() const {{ return width * height; }}
}};
double sum{number}(const Shape{number}* shapes, int count) {{
    double sum = 0;
    for (int index = 0; index < count; ++index) {{
        if (shapes[index].area() > sum / (index + 1)) sum += shapes[index].area();
    }}
    return sum;
}}
"""
SOCKETS = """
bool connected{number}(int descriptor, const sockaddr_in& name) {{
    if (connect(descriptor, (const sockaddr*)&name, sizeof name) == 0) return true;
    if (errno != EINPROGRESS) return false;
    pollfd entry{{descriptor, POLLOUT, 0}};
    while (poll(&entry, 1, 100) == 0) {{
        if (stopped) return false;
    }}
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}}
long received{number}(int descriptor, char* buffer, long size) {{
    long count = recv(descriptor, buffer, size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return count;
}}
"""
INCLUDES = (
    "#include <sys/socket.h>\n#include <netinet/in.h>\n#include <poll.h>\n#include <errno.h>\n"
)


def _tree(folder: Path, files: int, percent: int) -> int:
    """Write the tree: every file has twenty pieces of code; return how many bytes."""
    total = 0
    for number in range(files):
        sockets = number * percent // 100 != (number + 1) * percent // 100
        pieces = [PLAIN.format(number=20 * number + piece) for piece in range(20)]
        if sockets:
            pieces[::4] = [SOCKETS.format(number=number * 5 + piece) for piece in range(5)]
            pieces.insert(0, INCLUDES + "extern bool stopped;\n")
        path = folder / f"part{number // 100}" / f"file{number}.cpp"
        path.parent.mkdir(exist_ok=True)
        total += path.write_text("".join(pieces))
    (folder / "CMakeLists.txt").write_text(
        "project(tree CXX)\nfile(GLOB_RECURSE sources *.cpp)\nadd_executable(tree ${sources})\n"
    )
    return total


def main() -> None:
    """Make a tree, lint it, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument(
        "--sockets", type=int, default=10, help="percent of the files that use them"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name, "tree")
        tree.mkdir()
        size = _tree(tree, options.files, options.sockets)
        environment = {**os.environ, "EMSOCKETS_CACHE_DIR": str(Path(name, "cache"))}
        command = [sys.executable, "-m", "emsockets_build", "lint", str(tree), "--json"]
        seconds: dict[str, list[float]] = {"first": [], "nothing changed": []}
        for _ in range(ROUNDS):
            for label, extra in (("first", ["--no-cache"]), ("nothing changed", [])):
                if extra == []:  # fill the cache where the first round has not
                    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
                start = time.perf_counter()
                done = subprocess.run(
                    [*command, *extra], env=environment, stdout=subprocess.DEVNULL, check=False
                )
                assert done.returncode in (0, 1)
                seconds[label].append(time.perf_counter() - start)
    print(f"{options.files:,} files, {size / 1e6:.1f} MB, {options.sockets} % with sockets")
    for label, values in seconds.items():
        print(f"{label:<16}{statistics.median(values):6.2f} s  (aim: under 5 s at first)")


if __name__ == "__main__":
    main()
