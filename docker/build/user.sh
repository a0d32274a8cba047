#!/bin/sh
# Makes the user that the image runs as, and its folders. Run as root; `user.sh DIR` does it in DIR, as if that were /.
set -eu

root=${1:-}
id=10001                                # the same in every image, so that volumes can go from one to another

for group in video render; do           # they open cameras and GPUs
  groupadd ${root:+--prefix "$root"} --system --force "$group"
done
groupadd ${root:+--prefix "$root"} --gid "$id" kdad-edge
useradd ${root:+--prefix "$root"} --key UID_MAX="$id" --uid "$id" --gid "$id" --groups video,render \
  --home-dir /var/lib/kdad-edge --no-create-home --shell /usr/sbin/nologin kdad-edge
install -d -m 755 "$root/etc/kdad-edge"
for folder in '' /models /pictures /evaluation; do
  install -d -m 750 -o "$id" -g "$id" "$root/var/lib/kdad-edge$folder"
done
install -d "$root/usr/local/bin"
ln -sf /opt/kdad-edge/dist/main.js "$root/usr/local/bin/kdad-edge"
