"""Starts Streamlit so that it asks nothing of any other machine.

python -m pages.parts.server SCRIPT [STREAMLIT'S OPTIONS]
"""

from __future__ import annotations

import sys

from streamlit import net_util


def main(arguments: list[str]) -> None:
    """Serve the script until the process is told to stop."""
    from streamlit.web import cli

    ask_nobody()
    cli.main(["run", *arguments], prog_name="streamlit")


def ask_nobody() -> None:
    """Keep Streamlit from asking a web service which address this machine has on the internet.

    It does so to print that address, and for every connection from an origin that it does not know. An operator who
    serves other origins names them: `browser.serverAddress`, `server.corsAllowedOrigins`.
    """
    net_util.get_external_ip = _nobody_knows


def _nobody_knows() -> None:
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
