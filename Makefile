# Two commands from a fresh clone: `make demo` and `make test`.
.PHONY: help setup image demo test lint bench fuzz

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

help:
	@echo 'make demo   all nine stages on real data in a real guest; prints a verified export'
	@echo 'make test   every test: unit, vectors, properties, end to end in the guest'
	@echo 'make lint   formatting, clippy with warnings as errors, tidy rules, fences'
	@echo 'make bench  figures: sealing, log, evidence, key release, guest start, with ratios to the peer or floor'
	@echo 'make fuzz   what reads untrusted evidence and outputs, FUZZ_SECONDS each (30): executions per target'
	@echo 'make image  the guest image and the demo workloads, and their digests'
	@echo 'make setup  installs what the others need (Debian 12; asks for root only if something is missing)'

setup:
	@scripts/setup.sh

image: setup
	cargo xtask image
	cargo xtask workloads

demo: setup image
	cargo build -p lab -p cloister
	$(CARGO_TARGET_DIR)/debug/cloister-lab demo

test: setup image
	cargo nextest run --workspace --no-fail-fast

lint: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo nextest run -p xtask

bench: setup image
	cargo run --release -p seal --example throughput
	cargo run --release -p tlog-files --example appends
	cargo run --release -p cosigner --example acknowledged
	cargo run --release -p monitor --example million
	cargo run --release -p evidence --example verify
	cargo run --release -p broker --example releases
	python=$$(scripts/peers.sh) && cargo run --release -p tables --example measures -- --peers $$python
	cargo run --release -p disclosure --example differencing
	cargo run --release -p tables --example anonymise
	cargo build --release -p lab
	$(CARGO_TARGET_DIR)/release/cloister-lab demo --figures

fuzz: setup
	@scripts/fuzz.sh
