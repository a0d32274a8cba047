#!/bin/sh
# Puts user, folders and units of kdad-edge in place, or takes them away again. Both may be done any number of times.
set -eu

usage() {
  cat <<END
usage: install.sh install [--bin FILE] [--root DIR]
       install.sh uninstall [--purge] [--root DIR]

install     user kdad-edge, /etc/kdad-edge, /var/lib/kdad-edge and the units; a configuration that is there stays
uninstall   takes user and units away; configuration, models and what else the daemon keeps stay, and with them the user
  --purge   those, too
  --bin     the kdad-edge to run; the one on the PATH otherwise
  --root    do it in DIR, as if that were /, and start or stop nothing
END
}

fail() {
  echo "install.sh: $*" >&2
  exit 2
}

action=${1:-}
case $action in
  install | uninstall) shift ;;
  -h | --help) usage && exit ;;
  *) usage >&2 && exit 2 ;;
esac
root='' bin='' purge=''
while [ $# -gt 0 ]; do
  case $1 in
    --root) [ -d "${2:-}" ] || fail "--root ${2:-}: expected a folder"; root=$(cd "$2" && pwd); shift 2 ;;
    --bin) [ -n "${2:-}" ] || fail '--bin: expected a file'; bin=$2; shift 2 ;;
    --purge) purge=yes; shift ;;
    *) fail "unknown option $1; see --help" ;;
  esac
done
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'run it as root, or try it in a folder with --root DIR'

here=$(cd "$(dirname "$0")" && pwd)
units=$root/etc/systemd/system
library=$root/usr/lib/kdad-edge
sysusers=$root/usr/lib/sysusers.d/kdad-edge.conf

# The service manager, where there is one to be told.
manager() {
  [ -n "$root" ] || [ ! -d /run/systemd/system ] || systemctl "$@"
}

# A file of ours, which names the kdad-edge that is to run.
put() {
  sed "s|/usr/bin/kdad-edge|$bin|" "$here/$2" >"$3"
  chmod "$1" "$3"
}

install_all() {
  bin=${bin:-$(command -v kdad-edge)} || fail 'kdad-edge is not on the PATH: npm install -g kdad-edge, or name it with --bin FILE'
  [ -x "$bin" ] || fail "--bin $bin: expected a program"
  case $(readlink -f "$bin") in
    /home/* | /root/* | /tmp/*) [ -n "$root" ] || fail "$bin lies where the hardened unit cannot see it: install kdad-edge for all, say in /usr/local" ;;
  esac
  install -d "$units" "$library" "$(dirname "$sysusers")"
  put 644 kdad-edge.service "$units/kdad-edge.service"
  put 644 kdad-edge-train@.service "$units/kdad-edge-train@.service"
  put 755 train "$library/train"
  put 644 kdad-edge.sysusers "$sysusers"
  systemd-sysusers ${root:+"--root=$root"} "$sysusers"
  # By number: below --root, names mean nothing here.
  user=$(sed -n 's/^kdad-edge:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/passwd")
  group=$(sed -n 's/^kdad-edge:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/group")
  # The configuration is root's, and the daemon may read it; what it makes is its own.
  install -d -m 750 -o 0 -g "$group" "$root/etc/kdad-edge"
  for folder in '' /models /pictures /evaluation; do
    install -d -m 750 -o "$user" -g "$group" "$root/var/lib/kdad-edge$folder"
  done
  config=$root/etc/kdad-edge/kdad-edge.yaml
  [ -e "$config" ] || install -m 640 -o 0 -g "$group" "$here/../config/kdad-edge.yaml" "$config"
  manager daemon-reload
  echo 'Installed. Write /etc/kdad-edge/kdad-edge.yaml, then: systemctl enable --now kdad-edge'
}

uninstall_all() {
  manager stop 'kdad-edge-train@*.service' || true
  manager disable --now kdad-edge.service || true
  rm -f "$units/kdad-edge.service" "$units/kdad-edge-train@.service" "$sysusers"
  rm -rf "$library"
  manager daemon-reload
  if [ -z "$purge" ]; then
    echo 'Taken away; /etc/kdad-edge, /var/lib/kdad-edge and their user stay (--purge takes them, too)'
    return
  fi
  rm -rf "$root/etc/kdad-edge" "$root/var/lib/kdad-edge"
  ! grep -qs '^kdad-edge:' "$root/etc/passwd" || userdel ${root:+--prefix "$root"} kdad-edge
  echo 'Taken away, and everything with it'
}

"${action}_all"
