#!/bin/sh
# Fuzzes what reads untrusted bytes in crates/evidence, crates/disclosure, crates/tables, crates/tlog
# (with what the log holds, of crates/domain), crates/timestamp and crates/bundle for FUZZ_SECONDS per target (30 if not set) and prints the
# executions of each. Inputs that fail are kept in the crate's fuzz/artifacts. Needs no nightly toolchain:
# without a sanitizer the compiler's instrumentation is stable, and the code that is fuzzed has no `unsafe`.
set -eu

cd "$(dirname "$0")/../crates"
crates=$PWD
seconds=${FUZZ_SECONDS:-30}
target_dir=${CARGO_TARGET_DIR:-$PWD/../target}/fuzz
corpus=$target_dir/corpus
failed=

cargo fuzz --version >/dev/null 2>&1 || {
    printf 'fuzz: building cargo-fuzz (once)\n'
    cargo install --locked cargo-fuzz
}

# libFuzzer is C++, and clang is what setup installs.
export CXX="${CXX:-clang++}"
unset CARGO_TARGET_DIR
run() { cargo fuzz run --sanitizer none --target-dir "$target_dir" "$@"; }

# Those targets of the crate here that are asked for.
targets() {
    for target in $(cargo fuzz list | grep -vx seeds); do
        case " ${FUZZ_TARGETS:-$target} " in
            *" $target "*) printf '%s\n' "$target" ;;
        esac
    done
}

fuzz() {
    log=$corpus/$1.log
    if run "$1" "$corpus/$1" -- -max_total_time="$seconds" -max_len=65536 \
        -timeout=20 -print_final_stats=1 >"$log" 2>&1; then
        result=ok
    else
        result=FAILED
        failed="$failed $1"
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-24s %12s executions, %s\n' "$1" "${executions:-?}" "$result"
}

mkdir -p "$corpus/seeds"
for crate in evidence disclosure tables tlog timestamp bundle; do
    cd "$crates/$crate"
    chosen=$(targets)
    [ -n "$chosen" ] || continue
    cargo fuzz build --sanitizer none --target-dir "$target_dir"
    CLOISTER_FUZZ_SEEDS=$corpus run seeds "$corpus/seeds" -- -runs=0 >"$corpus/seeds.log" 2>&1 || {
        cat "$corpus/seeds.log"
        exit 1
    }
    for target in $chosen; do
        fuzz "$target"
    done
done

[ -z "$failed" ] || {
    printf 'fuzz: see the logs of%s in %s\n' "$failed" "$corpus" >&2
    exit 1
}
