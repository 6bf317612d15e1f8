# Needs Go, and Python 3.11 or later for the tools in .venv. Written for GNU make 3.81, which macOS ships, and later.

PYTHON ?= python3
ARCH   ?= arm64
PORT   ?= 0
SEED   ?= 0
TOOLS   := .venv/installed
CHECKOV := .venv-checkov/installed
# make verify runs cdk-nag and the CDK's diff where there is Node to run them.
HAS_NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
ifdef HAS_NODE
NAG     := .ci/nag/node_modules/installed .ci/cdkdiff/node_modules/installed
endif

.PHONY: help
help:
	@echo 'make unit      unit tests: seconds'
	@echo 'make check     static checks: format, vet, staticcheck, imports, golden files, cfn-lint'
	@echo 'make test      check, unit tests with coverage and race, simulation, one deployment: two to ten minutes'
	@echo 'make verify    everything that takes longer: permissions, lifecycle, mutations, fuzz, …: 45 minutes'
	@echo 'make soak      the long simulation, an hour of hostile bodies, ten minutes of each fuzz target'
	@echo
	@echo 'make demo      deploy the stack on this machine, send it webhooks, show the results'
	@echo 'make up        leave the same stack running to play with, and its console'
	@echo 'make subscriber  subscribe a function to the events of that stack, show what it counts'
	@echo 'make down      stop it'
	@echo
	@echo 'make performance  measure everything that docs/performance.md quotes: ten minutes'
	@echo 'make allocations  what the hot paths allocate beside the committed baseline'
	@echo
	@echo 'make event-types  add the event types of the newest SDKs to the lists (needs npm)'
	@echo 'make template  write out/stack.json and docs/stack.md'
	@echo 'make build     write the function zips into out/ and print their CodeVersion'
	@echo 'make tools     install the pinned Python and Node tools'
	@echo 'make clean     remove everything that make wrote, out/stack.json aside'
	@echo
	@echo 'PORT=8443 sets the port of demo and up, ARCH=x86_64 the architecture of build,'
	@echo 'PYTHON=python3.12 the Python of tools, SEED=N the first seed of soak.'

# .ci/steps/ lists what each target runs; .ci/steps.sh runs the lists and
# prints the seconds that each step took.
.PHONY: unit check test verify
unit: go
	@.ci/steps.sh .ci/steps/unit

check: go $(TOOLS)
	@.ci/steps.sh .ci/steps/check

test: go $(TOOLS) .cache/local
	@.ci/steps.sh .ci/steps/check .ci/steps/test

verify: go $(TOOLS) $(CHECKOV) $(NAG) .cache/local
	@.ci/steps.sh .ci/steps/verify

# SEED=N begins with the seed that a failing run names.
.PHONY: soak
soak: go
	go test ./test/simulation -run TestPromise -timeout 2h -v -accepted 200000 -seed $(SEED)
	go test -count=1 -timeout 2h -v ./test/quality/hostile -soak 1h
	.ci/fuzz.sh 10m

# venv --clear empties the folder that a link leads to, whoever's that is.
REFUSE_LINK = test ! -L $(@D) || { echo '$(@D) is a link, and what it leads to would be emptied: remove the link' >&2; exit 1; }

# The local stack and cfn-lint; checkov, which needs other versions of what both
# need; cdk-nag and the CDK's diff, which run on Node. pip and npm keep to their own configuration.
.PHONY: tools
tools: $(TOOLS) $(CHECKOV) $(NAG)

.PHONY: go
go:
	@command -v go >/dev/null || { echo 'There is no go on the PATH: install Go 1.26 or later, https://go.dev/doc/install' >&2; exit 1; }

$(TOOLS): .ci/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'The tools need Python 3.11 or later, which $(PYTHON) is not: install it, or name another with make PYTHON=…' >&2; exit 1; }
	@echo 'installing the pinned tools into .venv (a minute or so, once) …'
	@$(REFUSE_LINK)
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --require-hashes -r .ci/requirements.txt
	@touch $@

$(CHECKOV): .ci/checkov.txt $(TOOLS)
	@echo 'installing checkov into .venv-checkov (a minute, 300 MB, once) …'
	@$(REFUSE_LINK)
	@$(PYTHON) -m venv --clear .venv-checkov
	@.venv-checkov/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

ifdef HAS_NODE
$(NAG): .ci/%/node_modules/installed: .ci/%/package-lock.json
	@echo 'installing the packages of .ci/$* (half a minute, 200 MB, once) …'
	@npm ci --prefix .ci/$* --silent --no-fund --no-audit --ignore-scripts
	@touch $@
endif

.PHONY: template
template: go
	@mkdir -p .cache
	go run ./cmd/gentemplate > .cache/stack.json
	mv .cache/stack.json out/stack.json
	go run ./cmd/gentemplate -diagram > .cache/stack.md
	mv .cache/stack.md docs/stack.md

.PHONY: event-types
event-types: go
	go run ./test/quality/eventtypes

.PHONY: build
build: go
	go run ./cmd/paysluice package --out out --arch $(ARCH)

# The programs below are built first and then run as the recipe's only command,
# so that a signal to make reaches them: go run would not pass on SIGTERM.
.PHONY: .cache/local
.cache/local: go
	@go build -o $@ ./test/emulator/local

.PHONY: demo up
demo up: $(TOOLS) .cache/local
	@.cache/local $@ -port $(PORT)

.PHONY: subscriber down
subscriber down: .cache/local
	@.cache/local $@

# test/performance is a module of its own: go run . -h there lists what else it does.
.PHONY: performance allocations
performance: go
	cd test/performance && go run . all

allocations: go
	cd test/performance && go run . allocations

.PHONY: clean
clean:
	@test ! -e .cache/stack || $(MAKE) down
	rm -rf .cache .venv .venv-checkov .ci/*/node_modules out/[0-9a-f]* out/.building-*
