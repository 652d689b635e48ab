"""How each mitigation is done. A method is one function in `BEFORE`, `DURING` or `AFTER`; `analysis.mitigation.methods`
says what it is for and what it needs.

To add one: its name and `About` there, its function here, and its texts (`mitigation.name`, `pages.choice.methods`).
"""

from audit.methods.after import AFTER
from audit.methods.before import BEFORE
from audit.methods.during import DURING
from audit.methods.ground import Ground, ground_of, unmet
from audit.methods.make import Made, made

__all__ = ["AFTER", "BEFORE", "DURING", "Ground", "Made", "ground_of", "made", "unmet"]
