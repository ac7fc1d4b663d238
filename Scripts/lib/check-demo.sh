#!/usr/bin/env bash
# Checks what must hold after Scripts/demo ends, on the machine's engine, which runs before the demo and must stay up.
#
#     Scripts/lib/check-demo.sh CARREL STATE PORT

# shellcheck disable=SC2317 # what the trap calls is not unreachable
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=Scripts/lib/console.sh
source "$root/Scripts/lib/console.sh"
# shellcheck source=Scripts/lib/processes.sh
source "$root/Scripts/lib/processes.sh"
# shellcheck source=Scripts/lib/engines.sh
source "$root/Scripts/lib/engines.sh"

readonly READY_SECONDS=120
readonly END_SECONDS=90

carrel=$(absolute_path "$1")
state=$(absolute_path "$2")
port=$3
mkdir -p "$state"
background=()
# The broker that took over from the demo's first one.
successor=
finish() {
    local pid
    for pid in "${background[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
}
trap finish EXIT

instance() { cat "$state/demo/demo/instance"; }

# ours LIST…: the objects with the demo's instance label, in a listing of the docker command.
ours() { docker -H "unix://$ENGINE_SOCKET" "$@" --quiet --filter "label=carrel.instance=$(instance)"; }

# What the engine has mounted for the homes of warm labs. The engine may have another mount namespace than this script.
our_mounts() {
    ((EUID == 0)) || return 0
    grep -F "/volumes/carrel-$(instance)-slots/" /proc/1/mountinfo || true
}

# operate ARGUMENT…: runs carrel with the demo's configuration.
operate() { "$carrel" "$@" --config "$state/demo/carrel.yaml"; }

seat_is_warm() {
    operate pool list --json >"$state/pools" 2>&1 && grep -Eq '"ready" *: *1' "$state/pools"
}

demo_is_ready() { grep -qx ready "$state/output"; }
demo_is_over() { ! kill -0 "$1" 2>/dev/null; }

broker_is_another() {
    local now
    now=$(recorded_process "$state/demo/demo/broker") && [[ $now != "$1" ]]
}

# demo_goes_on_after_an_upgrade DEMO: replaces the demo's broker as the manual tells operators to do it.
demo_goes_on_after_an_upgrade() {
    local before
    before=$(recorded_process "$state/demo/demo/broker") || die "the demo's broker does not run"
    kill -USR2 "$before"
    wait_until "$END_SECONDS" broker_is_another "$before" ||
        die "the demo does not know its new broker $END_SECONDS s after SIGUSR2: see $state/output"
    successor=$(recorded_process "$state/demo/demo/broker") || die "the new broker does not run"
    operate host list >"$state/hosts" 2>&1 || die "the new broker does not answer: see $state/hosts"
    ! demo_is_over "$1" || die "the demo ended with the broker that was replaced: see $state/output"
}

# Runs the demo as a background job of a non-interactive shell, which starts it with SIGINT ignored.
demo_in_background_ends_on_interrupt() {
    local pid link status=0
    rm -f "$state/output"
    CARREL_BINARY=$carrel "$root/Scripts/demo" --state "$state/demo" --port "$port" >"$state/output" 2>&1 &
    pid=$!
    background+=("$pid")
    wait_until "$READY_SECONDS" demo_is_ready || die "the demo was not ready within $READY_SECONDS s: see $state/output"
    link=$(grep -o 'https://[^ ]*' "$state/output" | head -n 1)
    "$carrel" try --link "$link" --ca "$state/demo/tls/ca.pem" --connect "127.0.0.1:$port" --code 'sum(range(10))' \
        --expect 45 >"$state/try" 2>&1 || die "no lab in the demo: see $state/try"
    [[ -n "$(ours ps --all)" ]] || die "the demo has a lab, but no container bears its instance"
    # With a shared root, which only a demo as root has, the engine mounts the home of a warm lab.
    operate pool set python --minimum 1 --maximum 1 >"$state/pools" 2>&1 || die "no pool can be set: see $state/pools"
    wait_until "$READY_SECONDS" seat_is_warm || die "no seat was warm within $READY_SECONDS s: see $state/pools"
    ((EUID != 0)) || [[ -n "$(our_mounts)" ]] || die "a seat is warm, but nothing is mounted for its home"
    demo_goes_on_after_an_upgrade "$pid"
    kill -INT "$pid"
    wait_until "$END_SECONDS" demo_is_over "$pid" || die "the demo goes on $END_SECONDS s after SIGINT"
    wait "$pid" || status=$?
    ((status == 130)) || die "the demo ended with status $status, not 130: see $state/output"
    ! process_birth "$successor" >/dev/null || die "the demo left its broker behind, process $successor"
}

demo_left_nothing_behind() {
    local left
    engine_answers -H "unix://$ENGINE_SOCKET" || die "the demo ended an engine that was there before"
    left=$(ours ps --all)
    [[ -z $left ]] || die "labs of the demo are still there: $left"
    left=$(ours network ls)
    [[ -z $left ]] || die "networks of the demo are still there: $left"
    left=$(ours volume ls)
    [[ -z $left ]] || die "volumes of the demo are still there: $left"
    left=$(our_mounts)
    [[ -z $left ]] || die "the demo left mounted: $left"
}

# An engine that a demo started, as its records say, and to which another client is connected by now.
used_engine_goes_on() {
    local engine user
    engines_use "$state/engine"
    mkdir -p "$FLEET_STATE/machine"
    sleep 600 &
    engine=$!
    background+=("$engine")
    record_process "$FLEET_STATE/machine/pid" "$engine"
    curl --silent --unix-socket "$ENGINE_SOCKET" http://engine/events >/dev/null &
    user=$!
    background+=("$user")
    wait_until 10 engine_is_shared "$ENGINE_SOCKET" || die "nobody is seen to use the engine"
    machine_engine_stop
    kill -0 "$engine" || die "an engine that somebody uses was stopped"
}

demo_in_background_ends_on_interrupt
demo_left_nothing_behind
used_engine_goes_on
