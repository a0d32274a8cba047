#!/bin/sh
# Starts Mosquitto with a user for each secret mqtt_NAME. Their passwords never appear in arguments or in the environment.
set -eu

secrets=${SECRETS:-/run/secrets}
passwords=${PASSWORDS:-/tmp/passwords}
umask 077
for user in kdad-edge observer; do
  printf '%s:%s\n' "$user" "$(cat "$secrets/mqtt_$user")"
done >"$passwords"
mosquitto_passwd -U "$passwords"        # hashes what is in there
exec mosquitto -c "${CONFIG:-/mosquitto/config/mosquitto.conf}"
