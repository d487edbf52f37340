// SPDX-License-Identifier: Apache-2.0
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** Asks for native encryption: Encrypted PORT SERVICE USER PASSWORD REQUIRED|REQUESTED. Says `connected` or the number of the error. */
public final class Encrypted {
    private Encrypted() { }

    public static void main(String[] arguments) {
        Properties settings = new Properties();
        settings.put("user", arguments[2]);
        settings.put("password", arguments[3]);
        settings.put("oracle.net.encryption_client", arguments[4]);
        settings.put("oracle.net.CONNECT_TIMEOUT", "8000");
        settings.put("oracle.jdbc.ReadTimeout", "8000");
        try {
            DriverManager.getConnection("jdbc:oracle:thin:@//127.0.0.1:" + arguments[0] + "/" + arguments[1], settings).close();
            System.out.println("connected");
        } catch (SQLException failure) {
            System.out.println("error " + failure.getErrorCode() + " " + failure.getMessage().replace('\n', ' '));
        }
    }
}
