# shellcheck shell=bash disable=SC2034,SC2154
# Qt's QPSQL driver, from Python: a plugin opened by QLibrary.
packages="libqt5sql5-psql python3-pyqt5.qtsql python3-pyqt5 python3"
way="module, RTLD_LOCAL"
modes="connect:PQconnectdb"
connect() {
    QT_QPA_PLATFORM=offscreen /usr/bin/python3 - "$HOST" "$PORT" <<'CODE'
import sys
from PyQt5.QtCore import QCoreApplication
from PyQt5.QtSql import QSqlDatabase, QSqlQuery

application = QCoreApplication([])
database = QSqlDatabase.addDatabase("QPSQL")
database.setHostName(sys.argv[1])
database.setPort(int(sys.argv[2]))
database.setDatabaseName("app")
database.setUserName("app")
database.setConnectOptions("sslmode=disable")
if not database.open():
    sys.exit(database.lastError().text())
query = QSqlQuery("select * from fruit", database)
if not (query.next() and query.next()):
    sys.exit("not two rows")
query.clear()
database.close()
CODE
}
