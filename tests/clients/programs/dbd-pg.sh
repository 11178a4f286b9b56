# shellcheck shell=bash disable=SC2034,SC2154
# Perl's DBD::Pg: a module opened RTLD_LOCAL; plain, with asynchronous queries, and cached.
packages="libdbd-pg-perl"
way="module, RTLD_LOCAL"
modes="sync:PQconnectdb async:PQconnectdb cached:PQconnectdb"
connect() {
    perl - "$mode" "$HOST" "$PORT" <<'CODE'
use strict;
use warnings;
use DBI;
use DBD::Pg ':async';
my ($mode, $host, $port) = @ARGV;
my $how = $mode eq 'cached' ? 'connect_cached' : 'connect';
my $connection = DBI->$how("dbi:Pg:host=$host;port=$port;dbname=app;sslmode=disable", 'app', '', {RaiseError => 1});
my $query = $connection->prepare('select * from fruit', $mode eq 'async' ? {pg_async => PG_ASYNC} : {});
$query->execute;
$connection->pg_result if $mode eq 'async';
die 'not two rows' unless @{$query->fetchall_arrayref} == 2;
CODE
}
