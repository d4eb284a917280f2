# Sourced after steps.sh by ./test and ./bench: the servers of tests/servers/, on ports of 127.0.0.1 that are free.

# Each server has a folder here, named after its script, and a session of its own, so that it outlives the
# step that starts it.
servers=$work/servers

start_server() { "tests/servers/${1%%.*}" start "$2" "$servers/$1" "${@:3}"; }

# stop_servers PIDFILE...: those that run; the folder of a pid file is named after the server.
stop_servers() {
  local pid name
  for pid; do
    [ -e "$pid" ] || continue
    name=$(basename "${pid%/pid}")
    "tests/servers/${name%%.*}" stop "${pid%/pid}" || true
  done
}

# free_ports N: of 127.0.0.1, all different.
free_ports() {
  python3 - "$1" <<'END'
import socket, sys
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(probe.getsockname()[1] for probe in probes))
END
}
