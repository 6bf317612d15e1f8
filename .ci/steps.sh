#!/usr/bin/env bash
# Runs the steps of the given lists one after the other and prints how many
# seconds each took. A list has one step a line: a name, then a command for
# bash. The first step that fails ends the run. Works with the bash 3.2 of
# macOS.
set -uo pipefail
cd "$(dirname "$0")/.."

table='' failed='' begin=$SECONDS
for list in "$@"; do
  while read -r -u 3 name command; do
    case $name in '' | '#'*) continue ;; esac
    printf '== %s: %s\n' "$name" "$command"
    start=$SECONDS
    bash -euo pipefail -c "$command" || failed=$name
    table+=$(printf '%-22s %5d s %s' "$name" $((SECONDS - start)) "${failed:+failed}")$'\n'
    [ -z "$failed" ] || break 2
  done 3<"$list"
done

printf '\n%s%-22s %5d s\n' "$table" total $((SECONDS - begin))
[ -z "$failed" ] || { echo "failed: $failed" >&2; exit 1; }
