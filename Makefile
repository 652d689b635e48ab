# Thin aliases; run.py does the work (a fresh Debian has no make).
.PHONY: start test bench
start:
	python3 run.py
test:
	python3 run.py test
bench:
	python3 run.py bench
