# shellcheck shell=bash
# What the broker's decisions cost at the size of a large school, in the core and on the disk. Needs console.sh,
# packages.sh, and the function print_report.

readonly BROKER_BENCH_SECONDS=900

# broker_bench STATE LOGS: a state file in STATE, made anew; prints the table; fails if a bar is missed.
broker_bench() {
    local state=$1 logs=$2 binary part status=0
    install_packages "$logs/packages" libsqlite3-dev pkg-config
    require_swift
    run_step "building what measures the broker, for release" "$logs/build-broker" \
        swift build --configuration release --product BrokerBench
    binary=$(swift build --configuration release --show-bin-path)/BrokerBench
    rm -f "$state"/state.sqlite*
    : >"$state/report"
    # A process of its own for each: a restart begins with nothing.
    for part in fill restart; do
        run_step "measuring the broker: $part" "$logs/broker-$part" \
            timeout --kill-after=10 "$BROKER_BENCH_SECONDS" "$binary" "$part" "$state" || status=$?
        cat "$logs/broker-$part" >>"$state/report"
        # 1 is a bar that was missed; more, a measurement that was not made.
        ((status <= 1)) || return "$status"
    done
    print_report <"$state/report"
    detail "$(date +%F), $(uname -m), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs"
    rm -f "$state"/state.sqlite*
    return "$status"
}
