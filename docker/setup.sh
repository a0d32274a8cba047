#!/bin/sh
# Makes what docker-compose.yaml needs beside the repository: secrets, a configuration, and .env. What is there already stays.
set -eu

usage() {
  cat <<END
usage: docker/setup.sh [cpu|cuda|jetson] [--root DIR]

Makes docker/local/secrets (passwords and tokens, at random), docker/local/config/kdad-edge.yaml (the daemon's configuration) and
.env (which compose files hold, and the groups that may open cameras and GPUs here). What is there already stays, but for .env.

  cpu | cuda | jetson   the image to use: any PC, one with an NVIDIA card, a Jetson; cpu by default
  --root DIR            the checkout, when it is not the one that this script is part of
END
}

fail() {
  echo "setup.sh: $*" >&2
  exit 2
}

image=cpu
root=$(cd "$(dirname "$0")/.." && pwd)
while [ $# -gt 0 ]; do
  case $1 in
    cpu | cuda | jetson) image=$1; shift ;;
    --root) [ -f "${2:-}/docker/kdad-edge.yaml" ] || fail "--root ${2:-}: expected a checkout of kdad-edge"; root=$(cd "$2" && pwd); shift 2 ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
done

# The number of a group on this machine: devices keep it inside of a container. Without the group, a number that opens none.
group() {
  number=$(getent group "$1" | cut -d: -f3)
  echo "${number:-$2}"
}

files=docker-compose.yaml
[ "$image" = cpu ] || files=$files:docker-compose.$image.yaml
cat >"$root/.env" <<END
COMPOSE_PROJECT_NAME=kdad-edge
COMPOSE_FILE=$files
VIDEO_GROUP=$(group video 65533)
RENDER_GROUP=$(group render 65534)
END

local=$root/docker/local
secrets=$local/secrets
mkdir -p "$local/config" "$secrets"
# Containers run as users of their own, who have to be able to read the files; nobody else on this machine gets into the folder.
chmod 700 "$secrets"
for name in http_token mqtt_kdad-edge mqtt_observer grafana_password; do
  [ -e "$secrets/$name" ] || (umask 022 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$secrets/$name")
done
[ -e "$local/config/kdad-edge.yaml" ] || (umask 022 && cp "$root/docker/kdad-edge.yaml" "$local/config/kdad-edge.yaml")
chmod 755 "$local/config"
cat <<END
Ready for $files. Next:
  docker compose build
  docker compose run --rm kdad-edge demo --out models/demo --seconds 60     # a rendered line to begin with: trains on it, a few minutes
  docker compose run --rm kdad-edge doctor --config /etc/kdad-edge/kdad-edge.yaml
  docker compose up -d
Grafana is at http://127.0.0.1:3000 then, user admin, password: cat docker/local/secrets/grafana_password
END
