"""DuckDB and Spark answer the same Ibis expressions alike: here, and on a master with a worker."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from analysis.causal.compressed import compress_log
from analysis.causal.log_rows import LogQuestion
from analysis.engine import MASTER_VARIABLE, cells, opened
from tests.analysis.causal.test_compressed import ASKED, shop
from words import Refusal

needs_spark = [
    pytest.mark.spark,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed (requirements-spark.txt)"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
    pytest.mark.xdist_group("spark"),
]
MEAN_PRICE = LogQuestion(treatment="shown", outcome="price", adjustment=("gender", "member"))
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""So little data does not repay Java's second compiler: with it these tests take three times as long."""
LOOPBACK = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", "SPARK_MASTER_HOST": "127.0.0.1"}


@pytest.fixture(scope="module", autouse=True)
def quick_java() -> Iterator[None]:
    """For every Java that is started here; it names them on standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", QUICK_JAVA)
        yield


def effects(path: Path, kind: str, questions: tuple[LogQuestion, ...]) -> np.ndarray:
    """Every number of the questions."""
    found = []
    with opened("spark" if kind == "spark" else "duckdb") as engine:
        for asked in questions:
            done = compress_log(path, asked, engine).effect("ATE", 200, 3)
            assert done is not None
            found += [(one.value, one.low, one.high) for one in (done.effect, done.naive, done.selection)]
    return np.array(found)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    shop().to_parquet(path)
    return path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a standalone master with one worker, on loopback alone; both ended afterwards."""
    import pyspark

    home = Path(pyspark.__file__).parent
    master_port, ui_port, worker_ui = (free_port() for _ in range(3))
    address = f"spark://127.0.0.1:{master_port}"
    scratch = tmp_path_factory.mktemp("spark")
    environment = {**os.environ, **LOOPBACK, "SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    java = [str(home / "bin" / "spark-class")]
    host = ["--host", "127.0.0.1"]
    master = [
        *java,
        "org.apache.spark.deploy.master.Master",
        *host,
        "--port",
        str(master_port),
        "--webui-port",
        str(ui_port),
    ]
    worker = [*java, "org.apache.spark.deploy.worker.Worker", *host, "--webui-port", str(worker_ui)]
    worker += ["--cores", "1", "--memory", "1g", "--work-dir", str(scratch), address]
    running = []
    try:
        for name, command in (("master", master), ("worker", worker)):
            with (scratch / f"{name}.log").open("w") as out:
                running.append(subprocess.Popen(command, env=environment, stdout=out, stderr=out))
            wait_for(
                scratch / f"{name}.log", "I have been elected leader" if name == "master" else "Successfully registered"
            )
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(60)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(log: Path, text: str, seconds: float = 240.0) -> None:
    end = time.monotonic() + seconds
    while text not in log.read_text(errors="replace"):
        assert time.monotonic() < end, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)


class TestSpark:
    pytestmark = needs_spark

    def test_spark_here_gives_the_effects_of_duckdb(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With an outcome of 0 and 1, and with amounts."""
        monkeypatch.setenv(MASTER_VARIABLE, "local[2]")
        asked = (ASKED, MEAN_PRICE)
        np.testing.assert_allclose(effects(log, "spark", asked), effects(log, "duckdb", asked), atol=1e-9, rtol=0)
        by = ["gender", "shown"]
        here, there = cells(log, by, "price", kind="duckdb"), cells(log, by, "price", kind="spark")
        here, there = (one.sort_values(by).reset_index(drop=True) for one in (here, there))
        assert here["n"].tolist() == there["n"].tolist()
        np.testing.assert_allclose(here[["total", "square"]], there[["total", "square"]], rtol=1e-12)

    def test_a_cluster_gives_the_effects_of_duckdb(
        self, log: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(MASTER_VARIABLE, cluster)
        np.testing.assert_allclose(effects(log, "spark", (ASKED,)), effects(log, "duckdb", (ASKED,)), atol=1e-9, rtol=0)

    def test_a_cluster_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(Refusal) as refused, opened("spark", f"spark://127.0.0.1:{free_port()}"):
            pass
        assert refused.value.phrase.key == "scale.no_cluster"


def test_without_pyspark_spark_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.engine.find_spec", lambda name: None)
    with pytest.raises(Refusal) as refused, opened("spark"):
        pass
    assert refused.value.phrase.key == "scale.no_spark"


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed (requirements-spark.txt)")
def test_without_java_spark_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.engine.shutil.which", lambda name: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Refusal) as refused, opened("spark"):
        pass
    assert refused.value.phrase.key == "scale.no_java"


@pytest.mark.parametrize("address", ["http://spark:7077", "spark://host", "local[two]", "spark://a:1; rm", ""])
def test_what_is_no_address_of_a_master_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.engine.find_spec", lambda name: object())
    monkeypatch.setattr("analysis.engine.shutil.which", lambda name: "java")
    monkeypatch.setenv(MASTER_VARIABLE, address)
    with pytest.raises(Refusal) as refused, opened("spark"):
        pass
    assert refused.value.phrase.key == "scale.bad_master"
