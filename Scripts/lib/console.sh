# shellcheck shell=bash
# Progress and errors, the same in every script. To be sourced after `set -euo pipefail`.

# Administrators' programs (dockerd, ip, iptables) are not on an ordinary user's PATH in Debian.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# A run without a terminal (a CI log) hears from a long step this often, so that nobody takes it for dead.
readonly CONSOLE_HEARTBEAT_SECONDS=30

# How much of a failed step's log is shown.
readonly CONSOLE_FAILURE_LINES=40

step() { printf '▸ %s\n' "$*"; }
detail() { printf '  %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$@"
    exit 1
}

# A mistake in the command line, which is answered with status 64 (EX_USAGE).
die_usage() {
    warn "$1"
    printf "Try '%s --help'.\n" "${0##*/}" >&2
    exit 64
}

# require_number OPTION VALUE GREATEST: an option's value is a number from 1 to GREATEST.
require_number() {
    if ! [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || (($2 > $3)); then die_usage "$1 is '$2', but must be a number from 1 to $3"; fi
}

# Prints the comment block at the head of a script, up to what it says to shellcheck: its help.
print_help() {
    awk 'NR > 1 && (!/^#/ || /^# shellcheck /) { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# The process group of the long step under way, so that a script's exit trap can end it.
CONSOLE_RUNNING=

# How long a step may take to end after it was asked to, before it is ended by force.
readonly CONSOLE_END_SECONDS=60

# Ends the long step under way, if there is one; for exit traps.
end_running_step() {
    [[ -n $CONSOLE_RUNNING ]] || return 0
    kill -TERM -- "-$CONSOLE_RUNNING" 2>/dev/null || true
    wait_until "$CONSOLE_END_SECONDS" step_is_over || kill -KILL -- "-$CONSOLE_RUNNING" 2>/dev/null || true
    CONSOLE_RUNNING=
}

step_is_over() { ! kill -0 -- "-$CONSOLE_RUNNING" 2>/dev/null; }

# start_step COMMAND…: starts a command with a process group of its own: one signal ends it with all its children, and
# this script hears a signal at once instead of after the command's end.
start_step() {
    set -m
    "$@" </dev/null &
    CONSOLE_RUNNING=$!
    set +m
}

# run_aloud COMMAND…: runs a command that tells of its progress itself.
run_aloud() {
    local status=0
    start_step "$@"
    wait "$CONSOLE_RUNNING" || status=$?
    CONSOLE_RUNNING=
    return "$status"
}

# run_step LABEL LOG COMMAND…: runs a long command with its output in LOG; shows the seconds that pass, and the end of
# LOG if it fails.
run_step() {
    local label=$1 log=$2 began=$SECONDS status=0 beat
    shift 2
    mkdir -p "$(dirname "$log")"
    start_step "$@" >"$log" 2>&1
    beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
    [[ -t 1 ]] || step "$label"
    while kill -0 "$CONSOLE_RUNNING" 2>/dev/null; do
        if [[ -t 1 ]]; then
            printf '\r▸ %s … %d s ' "$label" $((SECONDS - began))
        elif ((SECONDS >= beat)); then
            detail "still at it after $((SECONDS - began)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
            beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
        fi
        sleep 0.2
    done
    wait "$CONSOLE_RUNNING" || status=$?
    CONSOLE_RUNNING=
    if ((status == 0)); then
        if [[ -t 1 ]]; then
            printf '\r▸ %s: done in %d s\n' "$label" $((SECONDS - began))
        else
            detail "done in $((SECONDS - began)) s"
        fi
        return 0
    fi
    [[ -t 1 ]] && printf '\n'
    warn "failed with status $status: $label"
    warn "the last lines of $log:"
    tail -n "$CONSOLE_FAILURE_LINES" "$log" | sed 's/^/    /' >&2
    return "$status"
}

# absolute_path PATH: PATH without links and dots; its last parts need not exist yet.
absolute_path() { realpath -m -- "$1"; }

# wait_until SECONDS COMMAND…: asks COMMAND five times a second until it succeeds; fails when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}
