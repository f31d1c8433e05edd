// Stands between a gateway and SQLPad, writes down the headers of every request, a line of JSON each, and passes it on:
// node hop.js PORT UPSTREAM-PORT LOG
const http = require('http');
const fs = require('fs');
const [port, upstream, log] = process.argv.slice(2);

http
  .createServer((request, answer) => {
    fs.appendFileSync(log, JSON.stringify({ url: request.url, headers: request.rawHeaders }) + '\n');
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: upstream, method, path: url, headers }, (back) => {
      answer.writeHead(back.statusCode, back.rawHeaders);
      back.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    request.pipe(onward);
  })
  .listen(Number(port), '127.0.0.1', () => console.log('passes on'));
