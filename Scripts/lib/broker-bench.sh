# shellcheck shell=bash
# The cost of the broker's decisions at the size of a large school, in the core and on the disk. Needs console.sh,
# packages.sh, and the function print_report.

readonly BROKER_BENCH_SECONDS=900

# broker_bench STATE LOGS: creates a new state file in STATE, and prints the table; fails if a bar is missed.
broker_bench() {
    local state=$1 logs=$2 binary part status=0
    install_packages "$logs/packages" libsqlite3-dev pkg-config
    require_swift
    run_step "building what measures the broker, for release" "$logs/build-broker" \
        swift build --configuration release --product BrokerBench
    binary=$(swift build --configuration release --show-bin-path)/BrokerBench
    rm -f "$state"/state.sqlite*
    : >"$state/report"
    # Each part runs in a process of its own, because a restart begins with an empty process.
    for part in fill restart; do
        run_step "measuring the broker: $part" "$logs/broker-$part" \
            timeout --kill-after=10 "$BROKER_BENCH_SECONDS" "$binary" "$part" "$state" || status=$?
        cat "$logs/broker-$part" >>"$state/report"
        # Status 1 is a missed bar; a higher one is a failed measurement.
        ((status <= 1)) || return "$status"
    done
    print_report <"$state/report"
    detail "$(date +%F), $(uname -m), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs"
    rm -f "$state"/state.sqlite*
    return "$status"
}
