"""What a page is given of its audit."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis.document import Section
from audit.jobs import Jobs
from audit.settings import AuditSettings, Step
from audit.workspace import AuditFolder
from pages.parts.state import state, widget
from words import LANGUAGES


@dataclass(frozen=True)
class View:
    """What a page is given: its step of one audit, as the folder on disk has it at this run."""

    step: Step
    folder: AuditFolder
    settings: AuditSettings
    section: Section | None
    states: dict[Step, str]
    jobs: Jobs

    def key(self, name: str) -> str:
        """The key of one of this page's inputs."""
        return widget(self.folder.id, self.step, name)

    def choice(self, name: str) -> str:
        """The key of a choice whose options are words: another in each language.

        The browser holds a choice by the words it shows; in another language it would stay in the old one, or go.
        """
        language = state().language
        return self.key(name if language == LANGUAGES[0] else f"{name}:{language}")

    def save(self, **changed: object) -> None:
        """Keep changed settings at once (the step then shows as stale); the same settings write nothing."""
        settings = self.settings.model_copy(update=changed)
        if settings != self.settings:
            self.folder.save_settings(AuditSettings.model_validate(settings.model_dump()))
            st.rerun()
