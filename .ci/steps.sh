# Steps that run side by side; `.ci/run` sources this file.
#
#   step NAME [--alone|--light] [STEP...]   the function NAME runs once the named steps have passed
#   run_steps [NAME...]                     runs all, or these and those that they need
#
# One step runs on each processor; a light one (which waits for the network, or for real time) beside them, and they give way
# to it; one that is alone beside none. A step's output appears whole at its end. Each is a process of its own under
# `set -euo pipefail`, as such called from no condition, so its first command that fails ends it; then all others are stopped
# and the exit is 1.

scratch=$(mktemp -d)
trap end EXIT
trap 'exit 130' INT TERM
names=()
declare -A needs=() kind=() state=() name_of=() began=() took=()

step() {
  local name=$1
  shift
  names+=("$name")
  kind[$name]=usual state[$name]=waiting needs[$name]=
  while [ $# -gt 0 ]; do
    case $1 in
      --*) kind[$name]=${1#--} ;;
      *) [ -n "${state[$1]:-}" ] || { echo "$name needs a step $1 before it"; exit 2; }; needs[$name]+=" $1" ;;
    esac
    shift
  done
}

# Only these steps, and those that they need.
choose() {
  local name
  local -A chosen=()
  while [ $# -gt 0 ]; do
    name=$1
    shift
    [ -n "${state[$name]:-}" ] || { echo "there is no step $name; there are ${names[*]}"; exit 2; }
    chosen[$name]=1
    # shellcheck disable=SC2086 # a list of names
    set -- "$@" ${needs[$name]}
  done
  for name in "${names[@]}"; do [ -n "${chosen[$name]:-}" ] || state[$name]=left_out; done
}

# How many steps of this kind run.
running() {
  local name count=0
  for name in "${names[@]}"; do
    if [ "${state[$name]}" = running ] && [ "${kind[$name]}" = "$1" ]; then count=$((count + 1)); fi
  done
  echo "$count"
}

may_start() {
  local need
  [ "${state[$1]}" = waiting ] || return 1
  for need in ${needs[$1]}; do [ "${state[$need]}" = passed ] || return 1; done
  case ${kind[$1]} in
    light) [ "$(running alone)" = 0 ] ;;
    alone) [ "$(running alone)$(running usual)$(running light)" = 000 ] ;;
    *) [ "$(running alone)" = 0 ] && [ "$(running usual)" -lt "$processors" ] ;;
  esac
}

start() {
  echo ".. $1"
  state[$1]=running
  began[$1]=$SECONDS
  # a group of processes of its own, so that it can be stopped whole
  set -m
  (
    set -euo pipefail
    if [ "${kind[$1]}" = usual ]; then renice -n 10 -p "$BASHPID" >/dev/null; fi
    "$1"
  ) >"$scratch/output-$1" 2>&1 </dev/null &
  name_of[$!]=$1
  set +m
}

# Waits for any step to end, and shows it.
finish() {
  local pid='' code=0 name
  wait -n -p pid || code=$?
  name=${name_of[$pid]}
  unset "name_of[$pid]"
  took[$name]=$((SECONDS - began[$name]))
  printf '\n== %s (%s s)\n' "$name" "${took[$name]}"
  cat "$scratch/output-$name"
  if [ "$code" != 0 ]; then
    printf '\nFAILED: %s (exit %s)\n' "$name" "$code"
    exit 1
  fi
  state[$name]=passed
}

# Stops what still runs, and removes what was written.
end() {
  local pid
  for pid in "${!name_of[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  wait
  rm -rf "$scratch"
}

run_steps() {
  local name started
  processors=$(nproc)
  if [ $# -gt 0 ]; then choose "$@"; fi
  while true; do
    started=
    for name in "${names[@]}"; do
      if may_start "$name"; then start "$name"; started=1; fi
    done
    if [ ${#name_of[@]} -gt 0 ]; then finish; elif [ -z "$started" ]; then break; fi
  done
  for name in "${names[@]}"; do
    case ${state[$name]} in waiting) echo "$name was never started"; exit 1 ;; esac
  done
  printf '\nSeconds of each step, slowest first; %s in all\n' "$SECONDS"
  for name in "${!took[@]}"; do printf '%6s %s\n' "${took[$name]}" "$name"; done | sort -rn
}
