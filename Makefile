# make run     install what is missing, build the release, start proxy and recommender
# make test    install what the tests need, run everything
# make demo    the same client with and without the proxy, against the simulator, offline
# make accept  the acceptance tables with their figures

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: run test lint fmt demo accept deps build clean

# A C compiler and cmake build zlib-ng for the HTTP library; the certificates are for the upstream.
DEPS := cmake gcc g++ make ca-certificates curl

deps:
	@missing=()
	for package in $(DEPS); do
		dpkg -s "$$package" >/dev/null 2>&1 || missing+=("$$package")
	done
	if [ "$${#missing[@]}" -gt 0 ]; then
		echo "installing: $${missing[*]}"
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
		$$sudo apt-get update -q
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends "$${missing[@]}"
	fi
	command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }

run: deps
	cargo build --release --locked --bin recobeat-proxy --bin recobeat-recommender
	./target/release/recobeat-recommender & recommender=$$!
	trap 'kill $$recommender 2>/dev/null || true' EXIT
	./target/release/recobeat-proxy

build: deps
	cargo build --workspace --bins --locked

# The end-to-end tests drive the built binaries.
test: build
	cargo test --workspace --locked

lint: deps
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

fmt:
	cargo fmt --all

demo: deps
	cargo build --locked --profile accept --bin recobeat-proxy --bin recobeat-sim --bin demo
	./target/accept/demo

accept: deps
	cargo build --locked --profile accept --workspace --bins
	./target/accept/accept $(ROWS)

clean:
	cargo clean
