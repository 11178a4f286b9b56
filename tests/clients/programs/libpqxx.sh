# shellcheck shell=bash disable=SC2034,SC2154
# libpqxx: a C++ program linked to it, or sync and async connections by hand.
packages="libpqxx-dev g++"
way="NEEDED, through libpqxx"
modes="sync:PQconnectdb async:PQconnectStart"
build() {
    cat >pqxx.cc <<'CODE'
#include <pqxx/pqxx>

int main(int argc, char **argv)
{
    if (argc == 3) {
        pqxx::asyncconnection connection(argv[2]);
        pqxx::work work(connection);
        return work.exec("select * from fruit").size() == 2 ? 0 : 1;
    }
    pqxx::connection connection(argv[1]);
    pqxx::work work(connection);
    return work.exec("select * from fruit").size() == 2 ? 0 : 1;
}
CODE
    g++ -std=c++17 -w -o pqxx pqxx.cc -lpqxx -lpq
}
connect() {
    case $mode in
    sync) "$BUILD/pqxx" "$CONNINFO" ;;
    async) "$BUILD/pqxx" async "$CONNINFO" ;;
    esac
}
