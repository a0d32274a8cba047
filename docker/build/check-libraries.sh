#!/bin/sh
# Refuses an image in which a library (the arguments) would not load: which of those that it needs are missing, by name.
# A graphics driver's libraries are no part of an image: they come from the host when a container starts.
set -eu

missing=''
for library in "$@"; do
  needed=$(ldd "$library") || { echo "check-libraries.sh: $library: expected a shared library" >&2; exit 1; }
  for name in $(echo "$needed" | sed -n 's/^\s*\(\S*\) => not found.*/\1/p'); do
    case $name in
      libcuda.so.* | libnvidia-*) ;;
      *) missing="$missing
  $library needs $name" ;;
    esac
  done
done
[ -z "$missing" ] || {
  echo "check-libraries.sh: libraries are missing; choose another base image that has them:$missing" >&2
  exit 1
}
