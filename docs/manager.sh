#!/bin/sh
# A manager of containers in 40 lines of shell, on `ocirt shim` (monitor.md):
#
#   manager.sh start NAME BUNDLE | log NAME | say NAME TEXT | wait NAME | stop NAME | remove NAME
set -eu
ocirt=${OCIRT:-ocirt} name=$2 directory=${STATE:-/run/manager}/$2

ended() { [ -e "$directory/exit" ]; }
# At most $1 tenths of a second; for ever where it is "ever".
await_end() {
    left=$1
    until ended; do
        [ "$left" != 0 ] || return 1
        [ "$left" = ever ] || left=$((left - 1))
        sleep 0.1
    done
}

case $1 in
start)
    mkdir -p "$directory"
    rm -f "$directory/exit"
    # Returns when the container is created; what it is told on descriptor 3 stands in the file "events".
    "$ocirt" shim --id "$name" --bundle "$3" --stdin --log-path "k8s-file:$directory/log" \
        --exit-file "$directory/exit" --container-pidfile "$directory/pid" --attach-socket "$directory/attach" \
        --sync-fd 3 3>>"$directory/events"
    "$ocirt" start "$name" ;;
log) cut -d ' ' -f 4- "$directory/log" ;;
say) printf '%s\n' "$3" | socat -u - "UNIX-CONNECT:$directory/attach,type=5" ;; # 5: SOCK_SEQPACKET
wait)
    await_end ever
    exit "$(cat "$directory/exit")" ;;
stop)
    "$ocirt" kill "$name" TERM
    await_end 100 || "$ocirt" kill "$name" KILL ;;
remove)
    "$ocirt" delete --force "$name"
    rm -r "$directory" ;;
esac
