"""Every what-if answer in one section that the page looks up; too long to be printed."""

from __future__ import annotations

from analysis.causal.structure.said import Frame, action_findings, action_key, level, who
from analysis.causal.structure.whatif import Answers
from analysis.document import Section
from analysis.finding import Finding
from words import phrase


def grid(frame: Frame, found: Answers) -> Section:
    """Findings ``as_is.level``, ``what_if[VARIABLE:KIND=LABEL].level`` and ``.change``, each also by group.

    facts["variables"]: what may be set, each with name, spoken name and actions (key, kind, label) in the order of a
    slider. facts["groups"]: (attribute, group) pairs.
    """
    everyone: list[Finding] = []
    for at, ((attribute, group), users) in enumerate(zip(found.base.groups, found.base.users, strict=True)):
        end = f".{attribute}.{group}" if attribute else ""
        said = who(frame, attribute, group, outcome=frame.name(frame.outcome), deed=phrase("structure.as_is"))
        groups = {group: users} if attribute else {}
        reason = phrase("structure.too_few")
        everyone.append(level(frame, f"as_is.level{end}", said["level"], found.as_is[at], reason, users, groups))
    answered = [one for place in range(len(found.each)) for one in action_findings(frame, found, place)]
    names = dict.fromkeys(one.action.variable for one in found.each)
    variables = [
        {
            "name": name,
            "spoken": frame.name(name),
            "actions": [
                {"key": action_key(one.action), "kind": one.action.kind, "label": one.action.label}
                for one in found.of(name)
            ],
        }
        for name in names
    ]
    facts = {"variables": variables, "groups": [list(pair) for pair in found.base.groups if pair[0]]}
    return Section(step="structure", summary=(), findings=(*everyone, *answered), facts=facts)
