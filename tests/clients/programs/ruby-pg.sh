# shellcheck shell=bash disable=SC2034,SC2154
# ruby-pg: an extension opened RTLD_GLOBAL; its usual way, the blocking one, a hand-driven one, and pooled.
packages="ruby-pg ruby-connection-pool ruby"
way="module, RTLD_GLOBAL"
modes="connect:PQconnectStart sync:PQconnectdb async:PQconnectStart pool:PQconnectStart ping:PQping"
connect() {
    ruby - "$mode" "$CONNINFO" <<'CODE'
require 'pg'
require 'connection_pool'
mode, conninfo = ARGV

def by_hand(conninfo)
  connection = PG::Connection.connect_start(conninfo)
  state = PG::PGRES_POLLING_WRITING
  until state == PG::PGRES_POLLING_OK
    raise connection.error_message if state == PG::PGRES_POLLING_FAILED
    io = connection.socket_io
    state == PG::PGRES_POLLING_READING ? IO.select([io]) : IO.select(nil, [io])
    state = connection.connect_poll
  end
  connection
end

if mode == 'ping'
  exit PG::Connection.sync_ping(conninfo) == PG::PQPING_OK
end
connection =
  case mode
  when 'connect' then PG.connect(conninfo)
  when 'sync' then PG::Connection.sync_connect(conninfo)
  when 'async' then by_hand(conninfo)
  when 'pool' then ConnectionPool.new(size: 2) { PG.connect(conninfo) }.checkout
  end
exit connection.exec('select * from fruit').ntuples == 2
CODE
}
