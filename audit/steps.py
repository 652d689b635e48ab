"""The steps of an audit: each reads the audit's folder and adds one section to it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import replace

from analysis.document import Section
from analysis.finding import not_computed
from audit.run import Run, Watch
from audit.settings import DEPENDS, AuditSettings, Step, with_all_before
from audit.workspace import LEAVES, AuditFolder
from models.devices import follows, processes
from words import Phrase, Refusal, phrase

WEIGHT: dict[Step, float] = {
    "data": 2.0,
    "graph": 1.0,
    "effects": 2.0,
    "recommender": 5.0,
    "disparity": 2.0,
    "mitigation": 10.0,
    "report": 1.0,
}
"""Usual share of an audit's time, for the progress of a whole run; a further analysis takes `FURTHER_WEIGHT`."""
FURTHER_WEIGHT = 3.0


def run_steps(folder: AuditFolder, steps: Iterable[Step], watch: Watch) -> Run:
    """Run the steps in their order; one whose settings did not change since it ran is kept, if what it left is whole.

    Nothing is made from what is out of date or was changed: a step that builds on one which must run again, and is not
    asked for, is refused (audit.stale_before).
    A step that the data do not allow (one item, no positives, ...) ends a run of that step alone with its Refusal. In a
    run up to the report it becomes a section that says so, and the steps that build on it say the same: an audit that
    cannot answer one question still answers the others.
    """
    run = Run(folder, folder.settings(), watch)
    asked = set(steps)
    if processes() > 1 and asked != {"recommender"}:
        raise Refusal("audit.one_process")
    if follows():
        return _train_along(run)
    wanted = [step for step in DEPENDS if step in asked]
    total, begun = sum(_weight(step) for step in wanted), 0.0
    refused: dict[Step, Phrase] = {}
    for step in wanted:
        run.step, run.span = step, (begun / total, (begun + _weight(step)) / total)
        begun += _weight(step)
        if not folder.stale(step) and folder.intact(step):
            run.say(1.0, phrase("audit.progress.kept"))
            continue
        if step != "report":
            _refuse_stale_ground(run, refused)
        started = time.perf_counter()
        stamp = folder.stamp(run.settings, step)
        section = _section(run, refused) if "report" in wanted else _done(run)
        folder.save_section(section, stamp)
        run.seconds[step] = round(time.perf_counter() - started, 3)
    return run


def _refuse_stale_ground(run: Run, refused: Container[Step]) -> None:
    """Raise Refusal where a result that the running step reads is there, and no longer stands for the settings.

    refused: steps of this run that gave no result; what builds on them says so itself.
    """
    states = run.folder.states()
    for step in with_all_before(run.step):
        if step == run.step or step in refused or (states[step] == "missing" and step not in LEAVES):
            continue
        if states[step] == "missing":  # what lies there is of other settings, or of a run that was ended halfway
            raise Refusal("audit.needs_step", step=phrase(f"audit.step.{step}"))
        if run.folder.stale(step) or not run.folder.intact(step):
            name, ground = (phrase(f"audit.step.{one}") for one in (run.step, step))
            raise Refusal("audit.stale_before", step=name, before=ground)


def _train_along(run: Run) -> Run:
    """What torchrun's further processes do: train with the first one, which alone writes."""
    from audit.recommend import train_along

    if run.folder.stale("recommender"):
        train_along(run)
    return run


def _weight(step: Step) -> float:
    return WEIGHT.get(step, FURTHER_WEIGHT)


def _done(run: Run) -> Section:
    """The running step's section, which says whom it is about."""
    from audit.cohorts import said_of_whom

    return said_of_whom(run, ACTIONS[run.step](run))


def _section(run: Run, refused: dict[Step, Phrase]) -> Section:
    """The running step's section; where it or a step before it is refused, one that says why."""
    step = run.step
    reason = next((refused[before] for before in DEPENDS[step] if before in refused), None)
    if reason is None or step == "report":
        try:
            return _done(run)
        except Refusal as refusal:
            if step in ("data", "report") or refusal.phrase.key.startswith("storage."):
                raise
            reason = refusal.phrase
    refused[step] = reason
    label = phrase(f"audit.step.{step}")
    method = phrase("audit.not_begun")
    finding = not_computed(f"{step}.not_computed", label, "text", len(run.dataset.users), reason, method)
    return Section(step=step, summary=(), findings=(finding,), not_run=reason)


def data_step(run: Run) -> Section:
    """Read, clean, split and describe the log."""
    from analysis.interests import topics_table
    from analysis.overview import data_section
    from analysis.prepare import prepare, save
    from audit.intake import guessed, read
    from audit.topics import dataset_with_topics

    settings = run.settings
    run.tell(0.0, "audit.progress.spool")
    tables = read(run.folder, settings.data)
    run.tell(0.4, "audit.progress.prepare")
    roles = settings.roles or guessed(tables, settings.data).roles
    prepared = prepare(tables, roles, settings.cleaning, settings.split, settings.seed, settings.k)
    if settings.topics.enabled:
        run.tell(0.6, "audit.progress.topics")
        prepared = replace(prepared, dataset=dataset_with_topics(run, prepared.dataset))
    save(prepared.dataset, run.folder.data)
    run.__dict__.pop("dataset", None)
    run.tell(0.7, "audit.progress.describe")
    section = data_section(prepared, settings.k)
    if settings.topics.enabled:
        section = section.model_copy(update={"tables": (*section.tables, topics_table(prepared.dataset, settings.k))})
    facts = {**section.facts, "digest": prepared.dataset.digest, "source_digest": tables.digest}
    return _disclosed(section.model_copy(update={"facts": facts}), settings)


def discovery_step(run: Run) -> Section:
    """Search the data for links that the graph could have."""
    from analysis.causal.discovery.section import discovery_section

    settings = run.settings
    section = discovery_section(run.dataset, settings.discovery, settings.seed, run.tell)
    return _disclosed(section, settings)


def graph_step(run: Run) -> Section:
    """Say what may be adjusted for under the graph, and whether the data agree with what it claims."""
    from analysis.causal.comparable import comparable
    from analysis.causal.effects import variables
    from analysis.causal.fit import fit
    from analysis.causal.identify import graph_section, identify

    run.tell(0.0, "audit.progress.identify")
    table = variables(run.dataset)
    found = identify(run.graph, tuple(table.columns))
    shares = {one.names: comparable(table, found.treatment, one.names) for one in found.sets}
    settings = run.settings
    fitted = fit(table, run.graph, settings.seed, lambda done: run.tell(done, "audit.progress.fit"), settings.k)
    return _disclosed(graph_section(run.dataset, run.graph, found, fitted, shares), settings)


def effects_step(run: Run) -> Section:
    """Estimate and refute the effect of the treatment."""
    from analysis.causal.effects import effects_section

    settings = run.settings
    run.tell(0.0, "audit.progress.effects")
    section = effects_section(run.population, run.graph, settings.effects, settings.k, settings.seed, run.tell)
    return _disclosed(section, settings)


def people_step(run: Run) -> Section:
    """For whom the treatment works, and what a rule built on it would do to groups."""
    from analysis.causal.people.section import people_section

    settings, asked = run.settings, run.settings.effects
    section = people_section(run.population, run.graph, asked, settings.people, settings.k, settings.seed, run.tell)
    return _disclosed(section, settings)


def robustness_step(run: Run) -> Section:
    """Compute the answer in every defensible way, and try to break it."""
    from analysis.causal.robustness.section import robustness_section

    s = run.settings
    section = robustness_section(run.population, run.graph, s.effects, s.robustness, s.k, s.seed, run.tell)
    return _disclosed(section, s)


def structure_step(run: Run) -> Section:
    """Fit the graph's mechanisms; what if, one user, and why two populations differ."""
    from audit.structure import structure_section_of

    return _disclosed(structure_section_of(run), run.settings)


def mediation_step(run: Run) -> Section:
    """What the effect of the treatment runs through."""
    from audit.explain_gap import mediation_section_of

    return _disclosed(mediation_section_of(run), run.settings)


def trust_step(run: Run) -> Section:
    """Try every estimator on simulated logs shaped like this one, whose effect is known."""
    from analysis.causal.trust.section import trust_section

    s = run.settings
    section = trust_section(run.population, run.graph, s.effects, s.trust, s.k, s.seed, run.tell)
    return _disclosed(section, s)


def recommender_step(run: Run) -> Section:
    """Train or load the recommender, rank for every user, measure accuracy."""
    from audit.recommend import recommender_section_of

    return _disclosed(recommender_section_of(run), run.settings)


def disparity_step(run: Run) -> Section:
    """Compare groups in what the recommender gives them."""
    from audit.disparity import disparity_section_of

    return _disclosed(disparity_section_of(run), run.settings)


def gap_step(run: Run) -> Section:
    """What a gap between two groups is made of."""
    from audit.explain_gap import gap_section_of

    return _disclosed(gap_section_of(run), run.settings)


def attacks_step(run: Run) -> Section:
    """Train anew on logs with noise and with fake profiles, and compare."""
    from audit.attacks import attacks_section_of

    return _disclosed(attacks_section_of(run), run.settings)


def leakage_step(run: Run) -> Section:
    """What a fresh probe reads of people's groups from lists and vectors."""
    from audit.leakage import leakage_section_of

    return _disclosed(leakage_section_of(run), run.settings)


def shrink_step(run: Run) -> Section:
    """The model with fewer bytes, beside itself."""
    from audit.shrink import shrink_section_of

    return _disclosed(shrink_section_of(run), run.settings)


def choices_step(run: Run) -> Section:
    """The fairness question in every defensible way."""
    from audit.choices import choices_section_of

    return _disclosed(choices_section_of(run), run.settings)


def prompted_step(run: Run) -> Section:
    """Whether a language model's lists depend on who asks."""
    from audit.prompted import prompted_section_of

    return _disclosed(prompted_section_of(run), run.settings)


def mitigation_step(run: Run) -> Section:
    """Try each chosen mitigation and compare before and after."""
    from audit.mitigate import mitigation_section_of

    return _disclosed(mitigation_section_of(run), run.settings)


def chosen_step(run: Run) -> Section:
    """The chosen mitigation in full, and what it did to the other fairness figures."""
    from audit.chosen import chosen_section_of

    return _disclosed(chosen_section_of(run), run.settings)


def feedback_step(run: Run) -> Section:
    """Whether a mitigation lasts when its lists are clicked on and learnt from."""
    from audit.feedback import feedback_section_of

    return _disclosed(feedback_section_of(run), run.settings)


def report_step(run: Run) -> Section:
    """Compose audit.json from the sections and render it; the run record goes beside it."""
    from analysis.report import write
    from audit.publish import composed_document, write_run_record

    run.tell(0.0, "audit.progress.report")
    document = composed_document(run.folder)
    write(document, run.folder.path, ("json", "html", "pdf", "csv"), document.language)
    write_run_record(run.folder, run.seconds, platform.platform())
    return Section(step="report", summary=())


def _disclosed(section: Section, settings: AuditSettings) -> Section:
    from analysis.fairness.disclose import disclose

    return disclose(section, settings.k)


ACTIONS: dict[Step, Callable[[Run], Section]] = {
    "data": data_step,
    "discovery": discovery_step,
    "graph": graph_step,
    "effects": effects_step,
    "people": people_step,
    "robustness": robustness_step,
    "structure": structure_step,
    "mediation": mediation_step,
    "trust": trust_step,
    "recommender": recommender_step,
    "disparity": disparity_step,
    "gap": gap_step,
    "leakage": leakage_step,
    "attacks": attacks_step,
    "prompted": prompted_step,
    "choices": choices_step,
    "shrink": shrink_step,
    "mitigation": mitigation_step,
    "chosen": chosen_step,
    "feedback": feedback_step,
    "report": report_step,
}
