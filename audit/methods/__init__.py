"""How each mitigation is done. A method is one function in `BEFORE`, `DURING`, `RERANK` or `DECIDE`.

`analysis.mitigation.methods` says what it is for and what it needs. To add one: its name and `About` there, its
function here, and its texts (`mitigation.name`, `pages.choice.methods`).
"""

from audit.methods.after import DECIDE, RERANK
from audit.methods.before import BEFORE
from audit.methods.during import DURING
from audit.methods.ground import Ground, ground_of, unmet
from audit.methods.make import Dose, as_it_is, made

__all__ = ["BEFORE", "DECIDE", "DURING", "RERANK", "Dose", "Ground", "as_it_is", "ground_of", "made", "unmet"]
