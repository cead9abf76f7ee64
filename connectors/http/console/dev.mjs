// For work on the console: serves the built files of --out, and hands everything else to a running service.
//
//   node dev.mjs --out DIR --api http://127.0.0.1:8080 --port 8081
import { createReadStream, existsSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { extname, join, resolve } from 'node:path';

const option = (name, otherwise) => process.argv[process.argv.indexOf(`--${name}`) + 1] ?? otherwise;
const out = resolve(option('out')),
  api = new URL(option('api')),
  port = Number(option('port', '8081'));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

createServer((from, to) => {
  const path = new URL(from.url, 'http://x').pathname;
  const file = join(out, path === '/' ? 'index.html' : path);
  if (from.method === 'GET' && file.startsWith(out) && existsSync(file)) {
    to.writeHead(200, {
      'Content-Type': TYPES[extname(file)] ?? 'text/plain',
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
    });
    createReadStream(file).pipe(to);
    return;
  }
  const onward = request(
    { hostname: api.hostname, port: api.port, path: from.url, method: from.method, headers: from.headers },
    answer => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    },
  );
  onward.on('error', () => to.writeHead(502).end());
  to.on('close', () => onward.destroy());
  from.pipe(onward);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
