// tedious.js PORT CA true|strict: one query by tedious, verification on. Prints the row.
const { Connection, Request } = require('tedious');
const [port, ca, encrypt] = process.argv.slice(2);
const connection = new Connection({
  server: 'localhost',
  authentication: { type: 'default', options: { userName: 'sa', password: 'secret' } },
  options: {
    port: Number(port),
    encrypt: encrypt === 'strict' ? 'strict' : true,
    trustServerCertificate: false,
    cryptoCredentialsDetails: { ca: require('fs').readFileSync(ca) },
    connectTimeout: 20000,
    requestTimeout: 20000,
  },
});
connection.on('connect', (error) => {
  if (error) {
    console.error(String(error), String(error.cause || ''));
    process.exit(1);
  }
  const request = new Request('select 1', (failed) => {
    if (failed) {
      console.error(String(failed));
      process.exitCode = 1;
    }
    connection.close();
  });
  request.on('row', (columns) => console.log(columns.map((column) => column.value).join('|')));
  connection.execSqlBatch(request);
});
connection.connect();
