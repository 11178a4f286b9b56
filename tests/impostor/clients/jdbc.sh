# shellcheck shell=bash disable=SC2016,SC2034
# pgjdbc: speaks the protocol itself, reads no variable of libpq; its default is prefer.
packages='libpostgresql-jdbc-java default-jdk-headless@javac'
library=pgjdbc
build() {
    cat >Client.java <<'CODE'
import java.sql.*;

public class Client {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0]);
             PreparedStatement statement = connection.prepareStatement("select ?::text")) {
            statement.setString(1, "1");
            statement.executeQuery().next();
        }
    }
}
CODE
    javac Client.java
}
bare=(java -Xshare:auto -XX:TieredStopAtLevel=1 -cp .:/usr/share/java/postgresql.jar Client
    'jdbc:postgresql://{host}:{port}/{dbname}?user={user}&password={password}')
own=("${bare[@]}")
own[-1]+='&sslmode=verify-full&sslrootcert={root}&gssEncMode=disable'
own_words='`sslmode=verify-full`, `sslrootcert`, `gssEncMode=disable`'
told_bare='no-tls self-signed foreign-ca wrong-name expired not-yet-valid'
told_drivers=revoked
