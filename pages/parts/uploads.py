"""Files that were uploaded, kept in the audit's folder once for each of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from analysis.ingest import Source
from audit.intake import UploadKind, keep_upload
from pages.parts.state import state
from pages.parts.text import why_not
from pages.parts.view import View
from words import Refusal

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def kept(view: View, kind: UploadKind, file: UploadedFile, source: Source) -> str | None:
    """Where an upload is kept, with the ids that `source` asks for; says why where it cannot be read for these."""
    # Hashing 200 MB at every run would make each click wait: an upload's own id stands for its bytes.
    key, uploads = f"{file.file_id}\n{source.model_dump_json()}", state().uploads
    if key not in uploads or not Path(uploads[key]).exists():  # pseudonyms do away with what was kept before them
        try:
            uploads[key] = str(keep_upload(view.folder, kind, file.getvalue(), file.name, source))
        except Refusal as refusal:
            st.error(why_not(refusal))
            return None
    return uploads[key]
