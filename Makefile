# make bench      install into .venv and print ResNet-50's latency, layer by layer
# make test       formatter, linter, types and tests
# make test-long  the same with the slow tests
# make lint       formatter, linter and types alone
# make generate   rewrite the files that derive from tables and kernels
# make verify-random  random programs on the RTL and the simulator (COUNT=200 SEED=0 MACHINES="tiny tiny_private")
# make verify-full    layers of ResNet-50, then all of it, on the RTL with arria10's parameters (PARTS="stem last"); minutes
# make cycles     measure the table of cycles anew and rewrite the committed one, tests/rtl/cycles.json
# make hls-report synthesise the kernels anew (needs Debian's yosys) and rewrite their committed figures
# make rtl-sizes  synthesise the RTL module by module (needs Debian's yosys; half an hour if all has changed)
# make clean      remove .venv, caches and build folders
#
# Needs Python >= 3.10 with venv, make and a C++ compiler (g++). PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --constraint constraints.txt

PARALLEL := --numprocesses auto --dist loadfile

COUNT    := 200
SEED     := 0
MACHINES := tiny tiny_private

.PHONY: bench test test-long lint generate verify-random verify-full cycles hls-report rtl-sizes clean
.DELETE_ON_ERROR:

bench: $(VENV)/.package
	@$(BIN)/npusim bench resnet50

test: lint
	@$(BIN)/python -m pytest $(PARALLEL)

test-long: lint
	@$(BIN)/python -m pytest $(PARALLEL) -m ""

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

generate: $(VENV)/.package
	@$(BIN)/python -m npusim.generate
	@$(BIN)/npusim hls emit --all rtl/generated

verify-random: $(VENV)/.test
	@for machine in $(MACHINES); do $(BIN)/npusim verify --random $(COUNT) --seed $(SEED) -c $$machine || exit; done

verify-full: $(VENV)/.test
	@$(BIN)/python tools/verify_full.py $(PARTS)

cycles: $(VENV)/.test
	@$(BIN)/npusim verify --table -c tiny,tiny_private --json tests/rtl/cycles.json

hls-report: $(VENV)/.package
	@command -v yosys >/dev/null || { echo "yosys is missing; on Debian and Ubuntu: apt-get install yosys" >&2; exit 1; }
	@$(BIN)/npusim hls report --refresh

rtl-sizes: $(VENV)/.package
	@$(BIN)/python tools/rtl_sizes.py
	@$(BIN)/python -m npusim.generate

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .numba_cache build dist sim_build
	find sim hls_python models tests tools -name __pycache__ -prune -exec rm -rf {} +

# Stamps: a second run installs nothing. The virtual environment is made anew if it is there but broken.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo "$(PYTHON) is too old or missing; npusim needs Python 3.10 or newer (make PYTHON=python3.12)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/pip || { echo "creating $(VENV)" >&2; $(PYTHON) -m venv $(VENV); }
	@touch $@

$(VENV)/.package: $(VENV)/.created pyproject.toml constraints.txt
	@echo "installing npusim into $(VENV)" >&2
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.package
	@echo "installing the test tools into $(VENV)" >&2
	@$(PIP) --editable '.[test]'
	@touch $@
