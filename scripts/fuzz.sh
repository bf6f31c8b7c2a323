#!/bin/sh
# Fuzzes every parser of crates/evidence for FUZZ_SECONDS each (30 if not set) and prints the
# executions per target. Inputs that fail are kept in crates/evidence/fuzz/artifacts. Needs no nightly
# toolchain: without a sanitizer the compiler's instrumentation is stable, and the code that is fuzzed
# has no `unsafe`.
set -eu

cd "$(dirname "$0")/../crates/evidence"
seconds=${FUZZ_SECONDS:-30}
target_dir=${CARGO_TARGET_DIR:-$PWD/../../target}/fuzz
corpus=$target_dir/corpus
failed=

cargo fuzz --version >/dev/null 2>&1 || {
    printf 'fuzz: building cargo-fuzz (once)\n'
    cargo install --locked cargo-fuzz
}

# libFuzzer is C++, and clang is what setup installs.
export CXX="${CXX:-clang++}"
unset CARGO_TARGET_DIR
cargo fuzz build --sanitizer none --target-dir "$target_dir"
run() { cargo fuzz run --sanitizer none --target-dir "$target_dir" "$@"; }

mkdir -p "$corpus/seeds"
CLOISTER_FUZZ_SEEDS=$corpus run seeds "$corpus/seeds" -- -runs=0 >"$corpus/seeds.log" 2>&1 || {
    cat "$corpus/seeds.log"
    exit 1
}

for target in ${FUZZ_TARGETS:-$(cargo fuzz list)}; do
    [ "$target" != seeds ] || continue
    log=$corpus/$target.log
    if run "$target" "$corpus/$target" -- -max_total_time="$seconds" -max_len=65536 \
        -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
        result=ok
    else
        result=FAILED
        failed="$failed $target"
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-24s %12s executions, %s\n' "$target" "${executions:-?}" "$result"
done

[ -z "$failed" ] || {
    printf 'fuzz: see the logs of%s in %s\n' "$failed" "$corpus" >&2
    exit 1
}
