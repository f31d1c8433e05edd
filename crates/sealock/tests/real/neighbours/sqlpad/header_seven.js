// What SQLPad 7 does with its address and with a header, as its documentation has it, and nothing else of it: npm has no
// newer SQLPad than 3.1.0. The package.json beside this file says 7.5.6.
const http = require('http');

const env = process.env;
http
  .createServer((request, answer) => {
    const [field, header] = (env.SQLPAD_AUTH_PROXY_HEADERS || '').split(':');
    const email =
      env.SQLPAD_AUTH_PROXY_ENABLED === 'true' && field === 'email' && header
        ? request.headers[header.toLowerCase()]
        : undefined;
    answer.end(JSON.stringify({ currentUser: email && { email }, version: '7.5.6' }));
  })
  .listen(Number(env.SQLPAD_PORT || 80), env.SQLPAD_IP || '0.0.0.0', () => console.log('Welcome to SQLPad!'));
