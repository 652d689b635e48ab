"""Causal discovery: links that the data speak for, under what is known beforehand."""
