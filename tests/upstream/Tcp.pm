# Tcp.pm: has upstream's test servers listen on loopback instead of a Unix socket; for `perl -MTcp`, as SSL::Server does it.
package Tcp;
use strict;
use warnings;
INIT { no warnings 'once'; $PostgreSQL::Test::Utils::use_unix_sockets = 0; }
1;
