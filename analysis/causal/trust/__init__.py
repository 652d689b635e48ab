"""How far the estimators can be trusted on data shaped like the analyst's own: a trial on logs with known effects."""
