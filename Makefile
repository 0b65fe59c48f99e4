# The front door. Every target can be run again and then does only what changed.
BUILD := build/release
PROGRAMS := ciclo ciclo-scorer ciclo-learn
JOBS ?= $(shell nproc)

.PHONY: help setup build all demo serve test test-unit test-clients bench bench-tracking format check fuzz clean

help: ## Show this
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## Install what the build needs (Debian packages, npm packages by lock file)
	@scripts/setup build

$(BUILD)/build.ninja: | setup
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: setup $(BUILD)/build.ninja ## Build the programs into build/release/bin
	@ninja -C $(BUILD) -j $(JOBS) $(PROGRAMS)

all: setup $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j $(JOBS)

demo: build ## Run the whole loop once on real data (KEEP=1 leaves the server running)
	@KEEP=$(KEEP) examples/weather/demo

serve: build ## Start a server on ./ciclo-data
	@$(BUILD)/bin/ciclo server

test: ## Set up, build and run all tests
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@scripts/test

test-unit: ## The unit tests alone
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@ctest --test-dir $(BUILD) --output-on-failure --parallel $(JOBS)

test-clients: ## Real clients from PyPI (mlflow 2.x and 3.x, tritonclient), and the same requests to mlflow server and to Ciclo
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@tests/clients/run
	@tests/mlflow_differential/run

bench: ## Run the benchmarks beside their peers
	@scripts/setup test
	@$(MAKE) --no-print-directory all
	@bench/run

bench-tracking: ## Tracking beside mlflow server and FastTrackML (ARGS='--only search')
	@scripts/setup test
	@$(MAKE) --no-print-directory build
	@bench/tracking/run.sh $(ARGS)

format: ## Format the sources
	@scripts/format

check: ## Format, layers, documentation
	@scripts/setup test
	@scripts/check

fuzz: ## Build the fuzz targets and run each for FUZZ_SECONDS (default 20)
	@scripts/setup test
	@scripts/fuzz

clean: ## Remove everything that was built (not what was installed)
	@rm -rf build/release build/dev build/asan build/tsan build/fuzz
