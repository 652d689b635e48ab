#!/usr/bin/env python3
"""Set up and start Evenhand, with nothing but the standard library.

    python3 run.py [OPTIONS]       open the dashboard (Streamlit's options, as --server.port 8502)
    python3 run.py test [ARGS]     every test (ARGS go to pytest)
    python3 run.py audit ARGS      the command line: the same as `python -m audit ARGS`
    python3 run.py bench NAME      one benchmark: the same as `python -m benchmarks.NAME`
    python3 run.py screenshots     the pictures in docs/, from the demo

The first call makes `.venv` and installs requirements.txt into it; later calls see that nothing changed and start
at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
DEBIAN_WHEELS = Path("/usr/share/python-wheels")
TEST_PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-cjk", "poppler-utils")
"""Debian packages of the browser tests: a Chromium, fonts that draw Latin and Chinese, and a PDF reader."""


def main(arguments: list[str]) -> int:
    """Do what the first argument says; the exit code is that of the program started."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
        print(f"Evenhand needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    command, *rest = arguments or ["start"]
    if command.startswith("--") and command != "--help":  # Streamlit's own options, as --server.port 8502
        command, rest = "start", arguments
    actions = {"start": start, "test": test, "audit": audit, "bench": bench, "screenshots": screenshots}
    if command not in actions:
        asked = command in ("help", "-h", "--help")
        print(
            __doc__ if asked else f"There is no command {command!r}.\n{__doc__}",
            file=sys.stdout if asked else sys.stderr,
        )
        return 0 if asked else 2
    install("requirements.txt")
    return actions[command](rest)


def start(arguments: list[str]) -> int:
    """The dashboard, on http://localhost:8501 unless --server.port and --server.address say otherwise."""
    screen = os.name == "nt" or sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    headless = [] if any("headless" in given for given in arguments) else ["--server.headless", str(not screen).lower()]
    return become([str(PYTHON), "-m", "pages.parts.server", "app.py", *headless, *arguments])


def test(arguments: list[str]) -> int:
    """Lint, then tests and types beside each other: checking types takes minutes of one processor, tests wait a lot."""
    install("requirements-test.txt")
    install_browser()
    if shutil.which("java"):  # Spark is 430 MB: only where it could run, and only for the tests
        install("requirements-spark.txt", needed=False)
    else:
        print("Java was not found: the tests marked `spark` will be skipped.", flush=True)
    for step in (["check", "."], ["format", "--check", "."]):
        code = run([str(PYTHON), "-m", "ruff", *step])
        if code:
            return code
    # Tests run beside each other: several threads in each would wait for each other, and take many times as long.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]
    types = subprocess.Popen([str(PYTHON), "-m", "mypy"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    code = run([str(PYTHON), "-m", "pytest", "-rs", *(arguments or workers)])
    print(f"types: {types.communicate()[0].strip()}", flush=True)
    return code or types.returncode


def audit(arguments: list[str]) -> int:
    """`python -m audit` inside the environment; paths are read from where the caller stands."""
    return become([str(PYTHON), "-P", "-m", "audit", *arguments], folder=Path.cwd())


def bench(arguments: list[str]) -> int:
    """`python -m benchmarks.NAME` inside the environment."""
    if not arguments:
        print("Which one? " + ", ".join(sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))))
        return 2
    install("requirements-test.txt")
    return become([str(PYTHON), "-m", f"benchmarks.{arguments[0]}", *arguments[1:]])


def screenshots(arguments: list[str]) -> int:
    """Draw every page of the demo into docs/screenshots."""
    install("requirements-test.txt")
    install_browser()
    return run([str(PYTHON), "-m", "tests.browser.screenshots", *arguments])


def install(requirements: str, needed: bool = True) -> None:
    """Install a requirements file into .venv unless exactly it is installed already; not needed: go on without it."""
    if not PYTHON.exists():
        make_environment()
    wanted = hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()
    stamp = VENV / f"installed-{requirements}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if run([str(PYTHON), "-c", "import pip"], quiet=True):  # making it was interrupted
        make_environment()
    print(f"Installing {requirements}: once, some minutes.", flush=True)
    code = run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements])
    if code and not needed:
        print(f"Installing {requirements} failed (see above): its tests will be skipped.", flush=True)
        return
    if code:
        sys.exit(f"Installing {requirements} failed (see above). Nothing is lost: run this command again.")
    stamp.write_text(wanted)


def make_environment() -> None:
    """Make .venv with pip, also where Debian's Python comes without ensurepip."""
    print("Making .venv", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    if run([sys.executable, "-c", "import ensurepip"], quiet=True) == 0:
        check([sys.executable, "-m", "venv", str(VENV)])
        return
    if run([sys.executable, "-m", "venv", "--without-pip", str(VENV)]):
        sys.exit("This Python cannot make a virtual environment. Install the package python3-venv and run again.")
    if not install_pip():
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("No pip was found. Install the package python3-venv (or python3-pip) and run this command again.")


def install_pip() -> bool:
    """Put pip into .venv: from the wheel that Debian ships, else by another pip, else after apt-get as root."""
    for attempt in (None, "apt"):
        if attempt == "apt" and not apt_install("python3-pip-whl"):
            return False
        for wheel in sorted(DEBIAN_WHEELS.glob("pip-*.whl")):
            if run([str(PYTHON), f"{wheel}/pip", "install", "--quiet", "--no-index", str(wheel)]) == 0:
                return True
        if run([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"], quiet=True) == 0:
            return True
    return False


def install_browser() -> None:
    """Chromium, its fonts and a PDF reader for the tests: installed as root on Debian, else said what to install."""
    if shutil.which("chromium") and shutil.which("pdftotext") and Path("/usr/share/fonts/opentype/noto").exists():
        return
    if not apt_install(*TEST_PACKAGES):
        sys.exit("The browser tests need Chromium. Install it first: apt-get install " + " ".join(TEST_PACKAGES))


def apt_install(*packages: str) -> bool:
    """Install Debian packages when root and apt-get is there; False where that cannot be done."""
    if os.name == "nt" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return update.returncode == 0 and subprocess.run(command, env=environment, check=False).returncode == 0


def become(command: list[str], folder: Path = ROOT) -> int:
    """The program in this one's place: a signal reaches it, and its exit code is the caller's. On Windows, a child."""
    if os.name != "nt":
        os.chdir(folder)
        os.execve(command[0], command, {**os.environ, "PYTHONPATH": str(ROOT)})
    return run(command, folder=folder)


def run(command: list[str], quiet: bool = False, folder: Path = ROOT) -> int:
    """Run a program that finds the project's packages and return its exit code; Ctrl+C ends it without a traceback."""
    sink = subprocess.DEVNULL if quiet else None
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        return subprocess.run(command, cwd=folder, env=environment, stdout=sink, stderr=sink, check=False).returncode
    except KeyboardInterrupt:
        return 130


def check(command: list[str]) -> None:
    """Run a program that must succeed."""
    code = run(command)
    if code:
        sys.exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
