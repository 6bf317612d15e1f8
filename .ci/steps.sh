#!/usr/bin/env bash
# Runs the steps of the given lists one after the other and prints how many
# seconds each took. A list has one step a line: a name, the seconds that it may
# take, and a command for bash. The first step that fails or takes longer ends
# the run. Works with the bash 3.2 of macOS.
set -uo pipefail
cd "$(dirname "$0")/.."

# stop ends the running step with the processes that it started. They have a
# process group of their own, which Ctrl-C in a terminal does not reach.
stop() {
  kill -TERM -- "-$step" || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    kill -0 -- "-$step" || return 0
  done
  kill -KILL -- "-$step"
} 2>/dev/null
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
trap 'kill -KILL -- "-$watch" 2>/dev/null' EXIT

table='' failed='' watch='' begin=$SECONDS
for list in "$@"; do
  while read -r -u 3 name limit command; do
    case $name in '' | '#'*) continue ;; esac
    printf '== %s: %s\n' "$name" "$command"
    start=$SECONDS
    set -m
    bash -euo pipefail -c "$command" </dev/null 3<&- & step=$!
    { sleep "$limit" && stop; } >/dev/null 3<&- & watch=$!
    set +m
    wait "$step" 2>/dev/null || failed=failed
    took=$((SECONDS - start))
    if [ "$took" -lt "$limit" ]; then
      kill -KILL -- "-$watch"
    elif [ -n "$failed" ]; then
      failed="took longer than its limit of $limit s"
    fi
    wait "$watch" 2>/dev/null
    table+=$(printf '%-22s %5d s %s' "$name" "$took" "$failed")$'\n'
    [ -z "$failed" ] || break 2
  done 3<"$list"
done

printf '\n%s%-22s %5d s\n' "$table" total $((SECONDS - begin))
[ -z "$failed" ] || { echo "$name: $failed" >&2; exit 1; }
