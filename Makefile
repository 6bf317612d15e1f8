# Needs Go, and Python 3.11 or later for the tools in .venv. Written for GNU make 3.81, which macOS ships, and later.

PYTHON ?= python3
ARCH   ?= arm64
PORT   ?= 0
SEED   ?= 0
TOOLS   := .venv/installed
CHECKOV := .venv-checkov/installed
# cdk-nag is run where there is a Node to run it.
HAS_NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
ifdef HAS_NODE
NAG     := .ci/nag/node_modules/installed
else
NO_NAG  := -skip '^TestNagFindsWhatIsSuppressed$$'
endif
# Instructions are counted where there is a valgrind to count them.
NO_VALGRIND = @command -v valgrind >/dev/null || echo 'instructions were not counted: there is no valgrind on the PATH'

.PHONY: help
help:
	@echo 'make demo        deploy the stack on this machine, send it webhooks, show what becomes of them'
	@echo 'make up          leave the same stack running to play with'
	@echo 'make down        stop it'
	@echo 'make test        all checks and all tests'
	@echo 'make load        latencies and CPU under load, into docs/performance.md: 20 minutes'
	@echo 'make coldstart   the first steps of a process, likewise: two minutes'
	@echo 'make profile     where the CPU time of the processors goes, likewise: a minute and a half'
	@echo 'make ablation    what each optimisation is worth, likewise: six minutes'
	@echo 'make bench       the hot paths, each beside its floor, likewise: a minute'
	@echo 'make regression  what the hot paths cost against what they are known to cost'
	@echo 'make fuzz        every fuzz target, ten minutes each'
	@echo 'make soak        the long simulation: 200,000 accepted events, some minutes'
	@echo 'make check       the static checks alone'
	@echo 'make template    write out/stack.json'
	@echo 'make cost        write the tables of docs/cost.md, from what make load has measured'
	@echo 'make scaling     write the tables of docs/scaling.md, likewise'
	@echo 'make build       write the function zips into out/ and print their CodeVersion'
	@echo 'make tools       install the pinned tools into .venv'
	@echo 'make checkers    install the pinned checkers of the template into .venv-checkov and .ci/nag'
	@echo 'make clean       remove everything that make wrote, out/stack.json aside'
	@echo
	@echo 'PORT=8443 fixes the port of demo and up, ARCH=x86_64 the architecture of build,'
	@echo 'PYTHON=python3.12 the Python of tools.'

# venv --clear empties the folder that a link leads to, whoever's that is.
REFUSE_LINK = test ! -L $(@D) || { echo '$(@D) is a link, and what it leads to would be emptied: remove the link' >&2; exit 1; }

# The tools, exactly as .ci/requirements.txt pins them. pip keeps to its own
# configuration: index, proxy, certificates.
.PHONY: tools
tools: go $(TOOLS)

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

# The checkers that are no part of the local stack: checkov, which wants other
# versions of what both need, and cdk-nag, which runs on Node.
.PHONY: checkers
checkers: $(CHECKOV) $(NAG)

$(CHECKOV): .ci/checkov.txt $(TOOLS)
	@echo 'installing checkov into .venv-checkov (a minute, 300 MB, once) …'
	@$(REFUSE_LINK)
	@$(PYTHON) -m venv --clear .venv-checkov
	@.venv-checkov/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

ifdef HAS_NODE
$(NAG): .ci/nag/package-lock.json
	@echo 'installing cdk-nag into .ci/nag (half a minute, 200 MB, once) …'
	@npm ci --prefix .ci/nag --silent --no-fund --no-audit --ignore-scripts
	@touch $@
endif

.PHONY: template
template: go
	@mkdir -p .cache
	go run ./cmd/gentemplate > .cache/stack.json
	mv .cache/stack.json out/stack.json

# The tables follow from the template, the code, test/load/results.json and the
# lists of prices and limits in test/cost and test/scaling.
.PHONY: cost scaling
cost scaling: go
	go run ./test/page $@

.PHONY: build
build: go
	go run ./cmd/paysluice package -out out -arch $(ARCH)

# The programs below are built first and then run as the recipe's only command,
# so that a signal to make reaches them: go run would not pass on SIGTERM.
.PHONY: .cache/local
.cache/local: go
	@go build -o $@ ./test/emulator/local

.PHONY: demo up
demo up: tools .cache/local
	@.cache/local $@ -port $(PORT)

.PHONY: down
down: .cache/local
	@.cache/local $@

# gofmt and go mod tidy print what they would change.
.PHONY: check
check: tools checkers
	test -z "$$(gofmt -l cmd handlers template test | tee /dev/stderr)"
	go mod tidy -diff
	go vet ./...
	go tool staticcheck ./...
	.venv/bin/cfn-lint -c I -- out/stack.json
	.venv-checkov/bin/checkov --framework cloudformation --file out/stack.json --compact --quiet --skip-download
ifdef HAS_NODE
	node .ci/nag/nag.js out/stack.json
else
	@echo 'cdk-nag was not run: it needs Node 20 or later on the PATH'
endif

# The gate runs every unit test, and test/quality/mains with them. What crosses packages
# follows; it runs programs built from sources that Go's test cache does not
# look at, so none of it is cached.
.PHONY: test
test: check
	go run ./test/quality/coverage
	go run ./test/quality/fuzz -time 2s
	$(NO_VALGRIND)
	go test -count=1 -timeout 30m $$(go list ./test/... | grep -v -e '/test/quality/mains$$' -e '/test/quality/static$$')
	go test -count=1 $(NO_NAG) ./test/quality/static

# make test runs it too. go test ./test/regression -update writes what is
# counted into test/regression/baseline.json.
.PHONY: regression
regression: go
	$(NO_VALGRIND)
	go test -count=1 ./test/regression

.PHONY: fuzz
fuzz: go
	go run ./test/quality/fuzz -time 10m

# SEED=N begins with that seed, which a failing run names.
.PHONY: soak
soak: go
	go test ./test/simulation -run TestPromise -timeout 2h -v -accepted 200000 -seed $(SEED)

.PHONY: .cache/load
.cache/load: go
	@go build -o $@ ./test/load

# LOAD='-rate 200 -for 10s -results ""' gives other flags; .cache/load run -h lists them.
.PHONY: load
load: .cache/load
	@.cache/load run $(LOAD)

.PHONY: coldstart profile ablation
coldstart profile ablation: .cache/load
	@.cache/load $@ $(LOAD)

# The table goes to standard output, and what it is made from to the other one.
.PHONY: bench
bench: .cache/load
	@.cache/load bench $(LOAD)

.PHONY: clean
clean:
	@test ! -e .cache/stack || $(MAKE) down
	rm -rf .cache .venv .venv-checkov .ci/nag/node_modules out/[0-9a-f]* out/.building-*
