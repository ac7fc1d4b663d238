#!/usr/bin/env bash
# What must hold when Scripts/demo ends: tried on the machine's engine, which is there before and stays.
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
finish() {
    local pid
    for pid in "${background[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
}
trap finish EXIT

our_containers() {
    docker -H "unix://$ENGINE_SOCKET" ps --all --quiet --filter "label=carrel.instance=$(cat "$state/demo/demo/instance")"
}

demo_is_ready() { grep -qx ready "$state/output"; }
demo_is_over() { ! kill -0 "$1" 2>/dev/null; }

# A script's background job, as a shell that is no terminal's starts it: with SIGINT ignored.
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
    [[ -n "$(our_containers)" ]] || die "the demo has a lab, but no container bears its instance"
    kill -INT "$pid"
    wait_until "$END_SECONDS" demo_is_over "$pid" || die "the demo goes on $END_SECONDS s after SIGINT"
    wait "$pid" || status=$?
    ((status == 130)) || die "the demo ended with status $status, not 130: see $state/output"
}

demo_left_no_lab_behind() {
    [[ -z "$(our_containers)" ]] || die "labs of the demo are still there: $(our_containers)"
    engine_answers -H "unix://$ENGINE_SOCKET" || die "the demo ended an engine that was there before"
}

# An engine that a demo started, as its records say, and to which somebody else is connected by now.
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
demo_left_no_lab_behind
used_engine_goes_on
