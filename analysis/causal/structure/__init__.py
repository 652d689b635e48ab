"""The structural model of the drawn graph: what if, one user's other outcome, and why two populations differ."""
