"""clients.py DRIVER PORT CA: one query by a driver of SQL Server, verification on. Prints the row."""

import os
import sys

driver, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]

if driver == "pymssql":
    # FreeTDS's library: what it trusts stands in the file that FREETDSCONF names.
    import pymssql

    connection = pymssql.connect(
        server="double", port=str(port), user="sa", password="secret", login_timeout=20
    )
elif driver == "python-tds":
    import pytds

    connection = pytds.connect(
        "localhost",
        port=port,
        user="sa",
        password="secret",
        cafile=ca,
        validate_host=True,
        login_timeout=20,
    )
else:
    # Microsoft's ODBC driver trusts what OpenSSL trusts: SSL_CERT_FILE.
    import mssql_python

    assert os.environ["SSL_CERT_FILE"] == ca
    encrypt = {"odbc": "Mandatory", "odbc-strict": "Strict"}[driver]
    connection = mssql_python.connect(
        f"SERVER=localhost,{port};UID=sa;PWD=secret;DATABASE=master;"
        f"Encrypt={encrypt};TrustServerCertificate=no;"
    )

cursor = connection.cursor()
cursor.execute("select 1")
print(*cursor.fetchall()[0], sep="|")
