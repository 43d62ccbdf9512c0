# Odradek. Bare `make` lists the targets. Needs Node >= 20.19, npm and make, nothing else.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
BIN := node_modules/.bin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## Install and build: the only step before everything works
	npm ci --include=dev --no-global --location=project
	$(MAKE) --no-print-directory build

.PHONY: proto
proto: ## Generate the protobuf code and descriptors
	node proto/generate.mjs

.PHONY: build
build: proto ## Compile to dist/
	$(BIN)/tsc -p src/tsconfig.json
	node proto/generate.mjs --into dist
	node src/bundle.mjs dist/bin
	@# So that `npx odradek` finds the command in this folder.
	@chmod +x dist/bin/main.js && ln -sf ../../dist/bin/main.js $(BIN)/odradek

.PHONY: check
check: ## Format, types, lint, dead code, tidy, buf lint and breaking
	$(BIN)/oxfmt --check
	$(BIN)/tsc -p tsconfig.json
	$(BIN)/oxlint --deny-warnings src test vitest.config.ts
	$(BIN)/knip
	$(BIN)/buf lint proto
	$(BIN)/buf breaking proto --against proto/released.binpb
	$(BIN)/vitest run test/tidy

.PHONY: test
test: check ## check, then all tests of the ordinary run; their results in build/test-results.json
	rm -f build/test-results.json
	$(BIN)/vitest run --reporter=default --reporter=json --outputFile.json=build/test-results.json

.PHONY: sweep
sweep: ## Flip every bit of a small raft store: about ten minutes; STRIDE=n takes every n-th
	node --import tsx test/bit-flips/main.ts

.PHONY: sweep-log
sweep-log: ## Damage a small partition log in every way: about ten minutes; STRIDE=n takes every n-th
	node --import tsx test/log-damage/main.ts

.PHONY: sim
sim: ## Simulate: SEEDS=1000 [FROM=1] [TWICE=1], or one SEED=x with its trace; [SCENARIO=register]
	@node --import tsx test/sim/main.ts $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FROM),--from $(FROM)) $(if $(TWICE),--twice)

.PHONY: sim-cluster
sim-cluster: ## Simulate whole clusters: SEEDS=200
	@$(MAKE) --no-print-directory sim SCENARIO=cluster SEEDS=$(or $(SEEDS),200)

.PHONY: chaos
chaos: ## Kill and pause real voters under writes: [SEED=n] [SECONDS=66] [FAULTS=22]; KIND=topics; KIND=records; KIND=rot; KIND=quiet [MINUTES=10]; KIND=grow; KIND=calm [MINUTES=10]
	@node --import tsx test/chaos/main.ts

.PHONY: release-proto
release-proto: ## Take the protocol as it is now for the released one: proto/README.md says when
	$(BIN)/buf build proto --exclude-source-info -o proto/released.binpb

.PHONY: quorum
quorum: ## Start a quorum on this machine: three voters that are brokers too, or VOTERS=n
	@node cluster/local.mjs quorum $(VOTERS)

.PHONY: up
up: ## Start three voters and three brokers on this machine, or BROKERS=n
	@node cluster/local.mjs up $(BROKERS)

.PHONY: status
status: ## Which nodes run, who leads, how far each is
	@node cluster/local.mjs status

.PHONY: logs
logs: ## What the nodes say
	@node cluster/local.mjs logs

.PHONY: down
down: ## Stop what runs; the data stays
	@node cluster/local.mjs down

.PHONY: bench
bench: ## Measure, and print a table
	$(BIN)/tsx test/bench/main.ts

.PHONY: fix
fix: ## Format and apply safe lint fixes
	$(BIN)/oxfmt
	$(BIN)/oxlint --fix src test vitest.config.ts

.PHONY: clean
clean: ## Remove what was built
	rm -rf dist build src/wire/generated

.PHONY: mutants
mutants: ## Plant every known bug, one at a time, and see who catches it (ONLY=X07,X08)
	node --import tsx test/mutants/main.ts $(ONLY)
