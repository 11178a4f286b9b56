# shellcheck shell=bash disable=SC2034,SC2154
# pgpool-II, towards its server: speaks the protocol itself.
packages="pgpool2 postgresql-client-15"
expect=unreachable
way="not libpq"
modes="connect:none"
connect() {
    local pool status=0 i
    printf '%s\n' "listen_addresses = ''" 'port = 9999' 'pcp_port = 9898' "pcp_listen_addresses = ''" \
        "socket_dir = '$SCRATCH'" "pcp_socket_dir = '$SCRATCH'" "wd_ipc_socket_dir = '$SCRATCH'" \
        "pid_file_name = '$SCRATCH/pgpool.pid'" "logdir = '$SCRATCH'" "work_dir = '$SCRATCH'" \
        "backend_clustering_mode = 'raw'" "backend_hostname0 = '$HOST'" "backend_port0 = $PORT" \
        'num_init_children = 2' 'sr_check_period = 0' >pgpool.conf
    : >pool_hba.conf
    : >pcp.conf
    setpriv --reuid=postgres --regid=postgres --init-groups pgpool -n -f "$SCRATCH/pgpool.conf" \
        -a "$SCRATCH/pool_hba.conf" -F "$SCRATCH/pcp.conf" >pgpool.log 2>&1 &
    pool=$!
    for ((i = 0; i < 100; i++)); do
        [[ -S .s.PGSQL.9999 ]] && break
        sleep 0.05
    done
    unsealed "$PGBIN/psql" -X -h "$SCRATCH" -p 9999 -U app app -c 'select * from fruit' || status=$?
    kill -INT "$pool"
    wait "$pool" || true
    ((status == 0)) || cat pgpool.log
    return "$status"
}
