# shellcheck shell=bash disable=SC2034,SC2154
# libpqxx: a C++ program that is linked to it; its plain and its asynchronous connection.
packages="libpqxx-dev g++"
way="NEEDED, through libpqxx"
modes="sync:PQconnectdb async:PQconnectStart"
build() {
    cat >pqxx.cc <<'CODE'
#include <exception>
#include <pqxx/pqxx>

static int fruit(pqxx::connection_base &connection)
{
    pqxx::work work(connection);
    return work.exec("select * from fruit").size() == 2 ? 0 : 1;
}

int main(int argc, char **argv)
{
    try {
        if (argc == 3) {
            pqxx::asyncconnection connection(argv[2]);
            return fruit(connection);
        }
        pqxx::connection connection(argv[1]);
        return fruit(connection);
    } catch (const std::exception &error) {
        return 1;
    }
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
