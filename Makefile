# The few commands that a developer needs. `make run` and `make test` install what is missing first, by apt, on Debian
# and Ubuntu; elsewhere they say what to install.

# Outside the tree, so that a checkout stays small and its owner does not matter.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/smokeprobe
export CARGO_TARGET_DIR ?= $(CACHE)/target
export SMOKEPROBE_CACHE := $(CACHE)

LISTEN ?= 127.0.0.1:8888

.PHONY: run test bench lint fuzz setup

# The development profile: it is built in a fraction of the time that the release profile takes, and fast enough.
run:
	@scripts/setup run
	@scripts/demo --listen $(LISTEN)

# Formatting, lints, all tests with doc tests and the house's walls, the examples, and each fuzz target for some seconds.
test:
	@scripts/setup test
	@scripts/test

# The figures of docs/benchmarks.md, each with its peer's. Needs root or CAP_NET_ADMIN for the TUN device.
bench:
	@scripts/setup test
	cargo bench -p smokeprobe-benches $$(scripts/librrd --features)

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $$(scripts/librrd --features) -- -D warnings

# Longer than in the tests: make fuzz SECONDS=600
fuzz:
	@scripts/setup test
	@scripts/fuzz $(or $(SECONDS),60)

setup:
	@scripts/setup test
