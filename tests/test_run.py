"""run.py: what sets up the environment, and gives way to the program asked for."""

import subprocess
import sys

import pytest

import run


def test_the_program_takes_the_place_of_run_py_so_that_a_signal_reaches_it():
    code = "import sys, run; run.become([sys.executable, '-c', 'import os, sys; print(os.getpid()); sys.exit(3)'])"
    with subprocess.Popen([sys.executable, "-c", code], cwd=run.ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None and int(started.stdout.read()) == started.pid
    assert started.returncode == 3


def test_an_environment_whose_making_was_interrupted_is_made_again(tmp_path, monkeypatch):
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(run, "VENV", tmp_path)
    monkeypatch.setattr(run, "PYTHON", tmp_path / "python")
    made = []
    monkeypatch.setattr(run, "make_environment", lambda: made.append(1))
    with pytest.raises(SystemExit):
        run.install("requirements.txt")
    assert made == [1]
