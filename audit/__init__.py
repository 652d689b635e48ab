"""What a button or a command does: settings, workspace, steps, jobs, command line."""

__version__ = "0.1.0"
