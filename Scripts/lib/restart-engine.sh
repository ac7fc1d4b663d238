#!/usr/bin/env bash
# Stops one of the engines of Scripts/test and starts it again, for the test of what happens to the labs on it.
#
#     Scripts/lib/restart-engine.sh ENGINE STATE CARREL
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=Scripts/lib/console.sh
source "$root/Scripts/lib/console.sh"
# shellcheck source=Scripts/lib/processes.sh
source "$root/Scripts/lib/processes.sh"
# shellcheck source=Scripts/lib/engines.sh
source "$root/Scripts/lib/engines.sh"
# shellcheck source=Scripts/lib/house.sh
source "$root/Scripts/lib/house.sh"

(($# == 3)) || die_usage "give the number of the engine, the state directory and the carrel binary"
engines_use "$2"
mapfile -t engines < <(fleet_engines)
fleet_stop_engine "$1"
fleet_with_certificates "${#engines[@]}" "$3" "$2/tls"
