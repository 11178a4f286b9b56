# shellcheck shell=bash disable=SC2034,SC2154
# PHP: its extensions are opened with RTLD_DEEPBIND, so that they bind to libpq past every preload.
packages="php-pgsql php-cli"
way="RTLD_GLOBAL + RTLD_DEEPBIND"
modes="pg_connect:PQconnectdb async:PQconnectStart pconnect:PQconnectdb pdo:PQconnectdb pdo-persistent:PQconnectdb"
connect() {
    cat >fruit.php <<'CODE'
<?php
[, $mode, $conninfo, $host, $port] = $argv;
function check($rows) { exit($rows === 2 ? 0 : 1); }
if (str_starts_with($mode, 'pdo')) {
    $options = $mode === 'pdo' ? [] : [PDO::ATTR_PERSISTENT => true];
    $pdo = new PDO("pgsql:host=$host;port=$port;dbname=app;sslmode=disable", 'app', '', $options);
    check(count($pdo->query('select * from fruit')->fetchAll()));
}
if ($mode === 'pconnect') {
    $connection = pg_pconnect($conninfo);
} elseif ($mode === 'async') {
    $connection = pg_connect($conninfo, PGSQL_CONNECT_ASYNC);
    do {
        $state = pg_connect_poll($connection);
        if ($state === PGSQL_POLLING_FAILED) exit(2);
        usleep(1000);
    } while ($state !== PGSQL_POLLING_OK);
} else {
    $connection = pg_connect($conninfo);
}
if (!$connection) exit(2);
check(pg_num_rows(pg_query($connection, 'select * from fruit')));
CODE
    php fruit.php "$mode" "$CONNINFO" "$HOST" "$PORT"
}
