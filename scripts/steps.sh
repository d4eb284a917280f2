# Sourced by ./test, .ci/run and ./bench: named steps, each with its minutes, quiet when all is well, the
# whole log when not; and one cache outside target/ for whatever has to be installed.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/inference-manager
work=$(mktemp -d "${TMPDIR:-/tmp}/inference-manager.XXXXXX")
status=0 passed=0 failed=0 running=

mkdir -p "$cache"

# Whatever a step leaves running, servers and browsers included, is in its process group.
stop_running() {
  [ -z "$running" ] || kill -TERM -- "-$running" 2>/dev/null || true
  running=
}

# For whatever else a script has to end, whatever happens: it may define this anew.
at_end() { :; }

leave() {
  local exit_status=$?
  stop_running
  at_end
  rm -rf "$work"
  exit "$exit_status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# check NAME COMMAND...: runs COMMAND, a program or a function, and counts the tests that it reports; one
# that reports none is itself a test. It fails the whole, not the steps after it: those that they depend
# on are run by `need` and are no tests. Neither may stand in a condition: that would switch off the
# `set -e` of the functions they run.
check() {
  run_step "$@"
  passed=$((passed + good)) failed=$((failed + bad))
}

need() {
  run_step "$@"
  [ "$outcome" = 0 ] && return 0
  failed=$((failed + 1))
  closing_line
  [ "$outcome" = 69 ] || outcome=1
  exit "$outcome"
}

closing_line() { echo "$passed passed, $failed failed"; }

run_step() {
  local name=$1 started=$SECONDS
  outcome=0
  shift
  log=$(mktemp "$work/log.XXXXXX")
  printf '%-46s' "$name"
  set -m
  (set -e; "$@") >"$log" 2>&1 </dev/null &
  running=$!
  set +m
  wait "$running" || outcome=$?
  stop_running
  count_tests
  local minutes
  minutes=$(awk -v seconds=$((SECONDS - started)) 'BEGIN { printf "%5.1f min", seconds / 60 }')
  if [ "$outcome" = 0 ]; then
    echo "$minutes  ok${reported:+, $reported tests}"
  else
    echo "$minutes  FAILED with exit status $outcome; its whole log:"
    cat "$log"
    status=1
  fi
}

# Rust's harness says `test result: ok. 5 passed; 0 failed; 1 ignored`, Python's `Ran 5 tests` and
# `FAILED (failures=1, errors=1)`.
count_tests() {
  local ran
  ran=$(summed 's/^Ran \([0-9]*\) tests\{0,1\} in .*/\1/p')
  bad=$(($(summed 's/^FAILED (.*failures=\([0-9]*\).*/\1/p') + $(summed 's/^FAILED (.*errors=\([0-9]*\).*/\1/p')))
  good=$((ran - bad + $(summed 's/^test result: .* \([0-9]*\) passed;.*/\1/p')))
  bad=$((bad + $(summed 's/^test result: .* \([0-9]*\) failed;.*/\1/p')))
  reported=
  if [ $((good + bad)) -gt 0 ]; then reported=$((good + bad)); fi
  if [ "$outcome" = 0 ]; then
    [ -n "$reported" ] || good=1
  elif [ "$bad" = 0 ]; then
    bad=1
  fi
}

# The sum of the numbers that the sed script $1 finds in the log of the last step.
summed() { sed -n "$1" "${2:-$log}" | awk '{ sum += $1 } END { print sum + 0 }'; }

# debian PACKAGE...: installs what is missing when it may, else names it and fails.
debian() {
  local missing=() package
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null |
      grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Debian packages are missing that only root may install:"
    echo "    sudo apt-get install --yes --no-install-recommends ${missing[*]}"
    return 69
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update --quiet
  apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# virtual_environment NAME REQUIREMENTS: made in the cache, and anew when REQUIREMENTS changes; its
# interpreter is $cache/python/NAME/bin/python.
virtual_environment() {
  local home=$cache/python/$1 requirements=$2
  cmp --quiet "$requirements" "$home/made-from" && return 0
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --disable-pip-version-check --quiet --requirement "$requirements"
  cp "$requirements" "$home/made-from"
}
