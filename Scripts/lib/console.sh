# shellcheck shell=bash
# Progress and errors, the same in every script. Source it after `set -euo pipefail`.

# Administrators' programs (dockerd, ip, iptables) are not on an ordinary user's PATH in Debian.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# How often a long step prints a line in a run without a terminal (a CI log), so that it does not look hung.
readonly CONSOLE_HEARTBEAT_SECONDS=30

# How many lines of a failed step's log are shown.
readonly CONSOLE_FAILURE_LINES=40

# heed_interrupts SCRIPT ARGUMENT…: makes the script react to SIGINT. A non-interactive shell starts its background jobs
# with SIGINT ignored, and bash cannot trap a signal that was ignored when it started (POSIX, trap). In that case this
# executes the script again, as the same process, with the default signal actions. Call it first.
heed_interrupts() {
    local name ignored=0 value
    while read -r name value; do
        if [[ $name == SigIgn: ]]; then ignored=$((16#$value)); fi
    done </proc/"$$"/status
    # Bit 1 is SIGINT, which is signal 2.
    if ((ignored >> 1 & 1)) && [[ -z ${CARREL_BEGUN_AGAIN:-} ]]; then
        CARREL_BEGUN_AGAIN=1 exec env --default-signal=INT,QUIT "$BASH" "$@"
    fi
    unset CARREL_BEGUN_AGAIN
}

step() { printf '▸ %s\n' "$*"; }
detail() { printf '  %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$@"
    exit 1
}

# Reports an error in the command line, with status 64 (EX_USAGE).
die_usage() {
    warn "$1"
    printf "Try '%s --help'.\n" "${0##*/}" >&2
    exit 64
}

# require_number OPTION VALUE GREATEST: checks that an option's value is a number from 1 to GREATEST.
require_number() {
    if ! [[ $2 =~ ^[1-9][0-9]{0,8}$ ]] || (($2 > $3)); then die_usage "$1 is '$2', but must be a number from 1 to $3"; fi
}

# Prints the comment block at the head of a script, up to a shellcheck directive, as its help.
print_help() {
    awk 'NR > 1 && (!/^#/ || /^# shellcheck /) { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# The long steps in progress, by their labels: the process group of each, so that a script's exit trap can end it, where
# its output goes, and when it began.
declare -A CONSOLE_RUNNING=() CONSOLE_LOGS=() CONSOLE_BEGUN=()

# How long a step may take to end after SIGTERM before it is killed.
readonly CONSOLE_END_SECONDS=60

# Ends the long steps in progress, if there are any; for exit traps.
end_running_steps() {
    signal_running_steps TERM
    wait_until "$CONSOLE_END_SECONDS" steps_are_over || signal_running_steps KILL
    CONSOLE_RUNNING=()
}

# signal_running_steps SIGNAL
signal_running_steps() {
    local group
    for group in "${CONSOLE_RUNNING[@]}"; do kill "-$1" -- "-$group" 2>/dev/null || true; done
}

steps_are_over() {
    local group
    for group in "${CONSOLE_RUNNING[@]}"; do
        if kill -0 -- "-$group" 2>/dev/null; then return 1; fi
    done
}

# start_step LABEL COMMAND…: starts a command in a process group of its own, so that one signal ends it with all its
# children, and so that this script handles a signal immediately instead of after the command's end.
start_step() {
    local label=$1
    shift
    set -m
    "$@" </dev/null &
    CONSOLE_RUNNING[$label]=$!
    set +m
}

# step_status LABEL: the exit status of a step, once it has ended.
step_status() {
    local status=0
    wait "${CONSOLE_RUNNING[$1]}" || status=$?
    # shellcheck disable=SC2184 # the quotes keep the label in one piece
    unset 'CONSOLE_RUNNING[$1]'
    return "$status"
}

# run_aloud COMMAND…: runs a command that prints its own progress.
run_aloud() {
    start_step "$*" "$@"
    step_status "$*"
}

# begin_step LABEL LOG COMMAND…: starts a long command in the background, with its output in LOG. `await_step` must be
# called later, and reports the result.
begin_step() {
    local label=$1 log=$2
    shift 2
    mkdir -p "$(dirname "$log")"
    CONSOLE_LOGS[$label]=$log
    CONSOLE_BEGUN[$label]=$SECONDS
    start_step "$label" "$@" >"$log" 2>&1
}

# await_step LABEL: waits for a step that was begun; shows the elapsed seconds, and the end of its log if it fails.
await_step() {
    local label=$1 log=${CONSOLE_LOGS[$1]} began=${CONSOLE_BEGUN[$1]} group=${CONSOLE_RUNNING[$1]} status=0 end beat
    beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
    [[ -t 1 ]] || step "$label"
    end='done already'
    while kill -0 "$group" 2>/dev/null; do
        end=
        if [[ -t 1 ]]; then
            printf '\r▸ %s … %d s ' "$label" $((SECONDS - began))
        elif ((SECONDS >= beat)); then
            detail "still at it after $((SECONDS - began)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
            beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
        fi
        sleep 0.2
    done
    step_status "$label" || status=$?
    if ((status == 0)); then
        [[ -n $end ]] || end="done in $((SECONDS - began)) s"
        if [[ -t 1 ]]; then
            printf '\r▸ %s: %s\n' "$label" "$end"
        else
            detail "$end"
        fi
        return 0
    fi
    [[ -t 1 ]] && printf '\n'
    warn "failed with status $status: $label"
    warn "the last lines of $log:"
    tail -n "$CONSOLE_FAILURE_LINES" "$log" | sed 's/^/    /' >&2
    return "$status"
}

# run_step LABEL LOG COMMAND…: runs a long command with its output in LOG, and reports the result as `await_step` does.
run_step() {
    begin_step "$@"
    await_step "$1"
}

# absolute_path PATH: PATH without links and dots; its last components need not exist.
absolute_path() { realpath -m -- "$1"; }

# wait_until SECONDS COMMAND…: runs COMMAND five times a second until it succeeds; fails when the time is up.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}
