"""Why a gap is there: exact parts of a difference between groups, and of an effect, by the ways it runs."""
