"""What a button or a command does: settings, workspace, steps, jobs, command line."""

import os

__version__ = "0.1.0"

# The numerical libraries read these when they are loaded: before any module of this package is.
# Threads that wait for work by spinning slow each other down tenfold when two jobs share two cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Half of the processors: two jobs may run at once, and a page is looked at meanwhile. On two cores a second thread
# made no step of the demo's audit quicker, and doubled its processor seconds.
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))
