# Sourced by the servers that run on a JDK: finds one, builds a server from jars of Maven Central in the
# cache, starts it on loopback and waits until it answers. Nothing of it is in the repository or a release.

# The newest JDK installed, wherever Debian or a vendor put it.
newest_jdk() {
  local compiler version
  for compiler in /usr/lib/jvm/*/bin/javac /opt/*/bin/javac; do
    [ -x "$compiler" ] || continue
    version=$("$compiler" -version 2>&1 | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    echo "$version $(dirname "$(dirname "$compiler")")"
  done | sort -n | tail -n 1
}

# java_development_kit OLDEST: sets $jdk; Debian's 17 is installed where nothing new enough is there.
java_development_kit() {
  local oldest=$1 found
  debian maven curl
  found=$(newest_jdk)
  if [ -z "$found" ] || [ "${found%% *}" -lt 17 ]; then
    debian openjdk-17-jdk-headless
    found=$(newest_jdk)
  fi
  if [ "${found%% *}" -lt "$oldest" ]; then
    echo "this server needs a JDK $oldest or later; the newest one here is ${found%% *}" >&2
    return 69
  fi
  jdk=${found#* }
}

# digest FILE...: of what a server is built from, so that a change of it builds it anew.
digest() { cat "$@" | sha256sum | cut -c 1-12; }

# module NAME CLASS KEY VERSION JAVA: the descriptor with which a server loads the folder modules/NAME.
module() {
  printf '%s\n' "name=$1" "description=for tests" "classname=$2" "version=$4" "$3=$4" "java.version=$5" \
    >"$home/modules/$1/plugin-descriptor.properties"
}

# jars POM [PROPERTY...]: what the POM names, copied below $home.
jars() {
  local pom=$1
  shift
  mvn --batch-mode --quiet -Dstyle.color=never --file "$pom" "-Dhome=$home" "${@/#/-D}" generate-resources
}

# launch PORT DIR COMMAND...: runs COMMAND in a session of its own and waits until it answers on PORT. Its
# pid is in DIR/pid and what it says in DIR/server.log.
launch() {
  local port=$1 dir=$2 pid
  shift 2
  if curl --silent "http://127.0.0.1:$port/" >/dev/null; then
    echo "port $port is taken" >&2
    return 69
  fi
  mkdir -p "$dir"
  setsid "$@" >"$dir/server.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$dir/pid"
  # Six seconds on an idle machine, twenty on a busy one.
  for _ in $(seq 600); do
    if curl --fail --silent "http://127.0.0.1:$port/_cluster/health?wait_for_status=yellow&timeout=1s" >/dev/null; then
      echo "ready on 127.0.0.1:$port, process $pid"
      return 0
    fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  echo "it did not start; the end of $dir/server.log:" >&2
  tail -n 30 "$dir/server.log" >&2
  kill "$pid" 2>/dev/null || true
  return 1
}

# halt DIR: stops what `launch` left, and waits until it is gone. In a container nobody may collect it.
halt() {
  local pid
  pid=$(cat "$1/pid")
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && ! grep --quiet ') Z ' "/proc/$pid/stat"; do sleep 0.1; done
  rm -f "$1/pid"
}
