#!/bin/sh
# Start a broker: HOST PORT FOLDER
set -eu
configuration="$3/broker-$2.conf"
printf 'listener %s %s\nallow_anonymous true\npersistence false\n' "$2" "$1" > "$configuration"
exec /usr/sbin/mosquitto -v -c "$configuration"
