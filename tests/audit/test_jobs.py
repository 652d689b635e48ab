"""Jobs as an analyst's server runs them: real processes on a small simulated shop."""

import os
import signal
import time

import pytest

from analysis.ingest import Source
from analysis.mitigation.compare import MitigationSettings
from analysis.simulate import Shop, simulate
from audit.jobs import HOURS_VARIABLE, Jobs, Recorder
from audit.recommending import Recommending
from audit.settings import AuditSettings
from audit.workspace import Workspace
from models.config import FactorSettings, PopularitySettings
from words import Refusal, phrase, say

CANARIES = {"user_id", "item_id", "description", "email"}
"""Columns that no figure is about: whatever they hold stays in work/."""
SMALL = Source(kind="demo", shop=Shop(users=200, items=48))


def settings(epochs=3):
    model = FactorSettings(dimensions=8, epochs=epochs, patience=epochs)
    return AuditSettings(data=SMALL, recommender=Recommending(model=model))


def wait(jobs, job_id, until, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = jobs.get(job_id)
        if until(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job.state} at {job.fraction:.0%}")


@pytest.fixture
def home(tmp_path):
    return Workspace(tmp_path), Jobs(tmp_path)


def test_a_job_runs_its_steps_and_leaves_their_sections(home):
    workspace, jobs = home
    folder = workspace.create(settings())
    done = wait(jobs, jobs.start(folder, ["data", "recommender"]), lambda job: not job.active)
    assert done.state == "done", done.error
    assert done.fraction == 1
    assert len(jobs.get(done.id).curves["loss"]) == 3
    assert folder.states()["recommender"] == "done"
    assert folder.section("recommender").findings


def test_an_audit_has_one_job_at_a_time(home):
    workspace, jobs = home
    folder = workspace.create(settings())
    first = jobs.start(folder, ["data"])
    with pytest.raises(Refusal, match="running already"):
        jobs.start(folder, ["data"])
    wait(jobs, first, lambda job: not job.active)


def test_two_jobs_run_at_once_and_the_third_waits_its_turn(home):
    workspace, jobs = home
    started = [jobs.start(workspace.create(settings()), ["data"]) for _ in range(3)]
    assert sorted(jobs.get(job).state for job in started) == ["queued", "running", "running"]
    assert [wait(jobs, job, lambda job: not job.active).state for job in started] == ["done"] * 3


def test_a_refusal_reaches_the_page_as_one_sentence(home):
    workspace, jobs = home
    folder = workspace.create(settings())
    failed = wait(jobs, jobs.start(folder, ["effects"]), lambda job: not job.active)
    assert failed.state == "failed"
    assert say(failed.error) == "Run the step before this one first: Data."


def test_an_unforeseen_error_reaches_the_page_as_one_sentence_and_the_log_as_places_without_values(home, tmp_path):
    workspace, jobs = home
    folder = workspace.create(settings())
    (folder.path / "work" / "steps" / "data.json").mkdir(parents=True)
    failed = wait(jobs, jobs.start(folder, ["data"]), lambda job: not job.active)
    assert failed.state == "failed"
    assert say(failed.error).startswith("Something went wrong that is our fault")
    log = (tmp_path / "logs" / f"{failed.id}.log").read_text()
    assert "IsADirectoryError" in log and "workspace.py" in log
    assert folder.id not in log, "the message names what it is about, and that can be a value of the data"


def test_no_id_and_no_text_of_the_data_leaves_what_the_steps_keep(tmp_path):
    made = simulate(Shop(users=120, items=36))
    tables = {"log": made.log, "users": made.users.assign(email=made.users["user_id"]), "items": made.items}
    for name, frame in tables.items():
        canaries = frame.assign(**{one: "CANARY" + frame[one].astype(str) for one in CANARIES & set(frame)})
        canaries.to_csv(tmp_path / f"{name}.csv", index=False)
    files = {name: str(tmp_path / f"{name}.csv") for name in tables}
    home = tmp_path / "home"
    folder = Workspace(home).create(
        AuditSettings(
            data=Source(kind="files", **files),
            roles=made.roles,
            recommender=Recommending(model=PopularitySettings()),
            mitigation=MitigationSettings(methods=("utility",)),
        )
    )
    jobs = Jobs(home)
    done = wait(jobs, jobs.start(folder, folder.settings().steps), lambda job: not job.active)
    assert done.state == "done", done.error
    shown = [file for file in home.rglob("*") if file.is_file() and (folder.path / "work") not in file.parents]
    assert {"audit.json", "report.html", "trail.jsonl", "jobs.sqlite", f"{done.id}.log"} <= {
        file.name for file in shown
    }
    kept = [*shown, *(folder.path / "work" / "steps").iterdir()]
    assert not [file.name for file in kept if b"CANARY" in file.read_bytes()]
    assert not list(home.rglob("*CANARY*"))


def test_cancel_ends_a_running_job_and_keeps_what_was_finished(home):
    workspace, jobs = home
    folder = workspace.create(settings(epochs=2000))
    job_id = jobs.start(folder, ["data", "recommender"])
    wait(jobs, job_id, lambda job: "loss" in job.curves)
    jobs.cancel(job_id)
    assert wait(jobs, job_id, lambda job: not job.active).state == "cancelled"
    assert folder.states()["data"] == "done"
    assert folder.states()["recommender"] == "missing"


def test_a_cancel_that_comes_before_there_is_a_process_still_ends_it(home, monkeypatch):
    workspace, jobs = home
    folder = workspace.create(settings(epochs=2000))
    launch = jobs._worker

    def cancelled_meanwhile(row):
        jobs.cancel(row["id"])  # finds no process to tell
        return launch(row)

    monkeypatch.setattr(jobs, "_worker", cancelled_meanwhile)
    job_id = jobs.start(folder, ["data", "recommender"])
    assert wait(jobs, job_id, lambda job: not job.active).state == "cancelled"
    assert folder.states()["recommender"] == "missing"


def test_a_killed_training_resumes_to_the_same_figures(home):
    workspace, jobs = home
    broken, whole = workspace.create(settings(epochs=60)), workspace.create(settings(epochs=60))
    job_id = jobs.start(broken, ["data", "recommender"])
    running = wait(jobs, job_id, lambda job: len(job.curves.get("loss", ())) >= 3)
    os.kill(jobs._row(running.id)["pid"], signal.SIGKILL)
    stopped = wait(jobs, job_id, lambda job: not job.active)
    assert stopped.state == "stopped"
    assert "stopped at epoch" in say(stopped.error)
    assert say(stopped.error).endswith("of 60. What was done is kept.")
    for job in (jobs.resume(job_id), jobs.start(whole, ["data", "recommender"])):
        assert wait(jobs, job, lambda job: not job.active).state == "done"
    assert broken.section("recommender") == whole.section("recommender")


def test_a_restarted_server_finds_lost_jobs_stopped(home, tmp_path):
    workspace, jobs = home
    folder = workspace.create(settings())
    job_id = jobs.start(folder, ["data"])
    wait(jobs, job_id, lambda job: not job.active)
    jobs._write("UPDATE job SET state='running', pid=1, pid_started=0 WHERE id=?", (job_id,))
    restarted = Jobs(tmp_path)
    assert restarted.get(job_id).state == "stopped"
    assert say(restarted.get(job_id).error).startswith("Run ")


def test_the_worker_ends_when_its_server_is_gone(home):
    workspace, jobs = home
    job_id = jobs.start(workspace.create(settings(epochs=2000)), ["data", "recommender"])
    wait(jobs, job_id, lambda job: "loss" in job.curves)
    jobs._workers[job_id].stdin.close()  # what the kernel does when the server dies
    assert wait(jobs, job_id, lambda job: not job.active).state == "stopped"


def test_the_curves_are_those_of_the_newest_training_in_the_step_under_way(home, tmp_path):
    workspace, jobs = home
    job_id = jobs.start(workspace.create(settings()), ["data"])
    wait(jobs, job_id, lambda job: not job.active)
    recorder = Recorder(tmp_path / "jobs.sqlite", job_id)
    for epoch, loss in ((1.0, 9.0), (2.0, 8.0), (1.0, 5.0), (2.0, 4.0), (3.0, 3.0)):
        recorder.tell(0.5, "data", phrase("models.training"), {"epoch": epoch, "loss": loss})
    assert jobs.get(job_id).curves["loss"] == [5.0, 4.0, 3.0]
    recorder.tell(0.6, "graph", phrase("models.training"), {})
    assert jobs.get(job_id).curves == {}


def test_a_job_that_cannot_be_launched_is_stopped_and_not_running_for_ever(home, monkeypatch):
    workspace, jobs = home
    folder = workspace.create(settings())

    def refused(*given, **named):
        raise OSError("no more processes")

    with monkeypatch.context() as patch:
        patch.setattr("audit.jobs.subprocess.Popen", refused)
        with pytest.raises(OSError, match="no more processes"):
            jobs.start(folder, ["data"])
    (job,) = jobs.list(folder.id)
    assert job.state == "stopped"
    assert wait(jobs, jobs.resume(job.id), lambda job: not job.active).state == "done"


def test_a_job_that_runs_longer_than_the_operator_allows_is_ended_and_says_so(home, monkeypatch):
    workspace, jobs = home
    monkeypatch.setenv(HOURS_VARIABLE, "0.0001")
    ended = wait(jobs, jobs.start(workspace.create(settings()), ["data"]), lambda job: not job.active)
    assert ended.state == "failed"
    assert ended.error.key == "audit.too_long"
