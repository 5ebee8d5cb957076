# Servers beside the one that every case has: started in $DIR, stopped by pid
# when the case ends.
# shellcheck shell=bash disable=SC2034

servers=()

stop_servers() {
    ((${#servers[@]} == 0)) || kill "${servers[@]}" 2>/dev/null
    wait
}
trap stop_servers EXIT

# a port that nobody listens on: to $port
free_port() {
    for ((port = 20000 + RANDOM % 10000; port < 32000; port++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    done
    return 1
}

# the same for a node of a cluster, with its bus 10,000 above: both below the
# ports that the system gives to clients
free_node_port() {
    for ((port = 20000 + RANDOM % 2500; port < 22700; port++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
        (exec 3<>"/dev/tcp/127.0.0.1/$((port + 10000))") 2>/dev/null || return 0
    done
    return 1
}

# start NAME OPTIONS...: on $DIR/NAME.socket, data in $DIR/NAME
start() {
    local name=$1 i

    shift
    mkdir -p "$DIR/$name"
    redis-server --unixsocket "$DIR/$name.socket" --dir "$DIR/$name" \
        --save '' --appendonly no "$@" >"$DIR/$name.log" 2>&1 &
    servers+=($!)
    for ((i = 0; i < 100; i++)); do
        [[ -S $DIR/$name.socket ]] && break
        sleep 0.05
    done
    sleep 0.1
}

# the command against another server
at() {
    "$SCOPED_KEY" "$@" >"$DIR/out" 2>"$DIR/err"
    status=$?
    out=$(<"$DIR/out") err=$(<"$DIR/err")
}
