import java.sql.DriverManager;

/** Query URL STATEMENT: the first value of the first row. */
public class Query {
    public static void main(String[] words) throws Exception {
        try (var connection = DriverManager.getConnection(words[0]);
                var rows = connection.createStatement().executeQuery(words[1])) {
            rows.next();
            System.out.println(rows.getString(1));
        }
    }
}
