// Builds the console: bundles src/, compresses what it made, and writes it as one C++ source that the program carries.
//
//   node build.mjs --modules DIR --out DIR [--cpp FILE]
//
// --modules: the folder in which `npm ci` put node_modules; --out: gets the files; --cpp: gets the table of them.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const option = name => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? null : resolve(process.argv[at + 1]);
};
const modules = join(option('modules') ?? here, 'node_modules');
const out = option('out') ?? join(here, 'dist');
const cpp = option('cpp');
const esbuild = createRequire(join(modules, 'x.js'))('esbuild');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });
const built = await esbuild.build({
  entryPoints: [join(here, 'src/main.tsx')],
  outdir: join(out, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  minify: true,
  metafile: true,
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  target: ['chrome92', 'firefox91', 'safari15'],
  nodePaths: [modules],
  logLevel: 'warning',
  absWorkingDir: here,
  define: { 'process.env.NODE_ENV': '"production"' },
});

// The licences of what is bundled go along with it.
const packages = new Map();
for (const input of Object.keys(built.metafile.inputs)) {
  const path = resolve(here, input);
  if (!path.startsWith(modules)) continue;
  const parts = relative(modules, path).split('/');
  const name = parts[0].startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0];
  packages.set(name, join(modules, name));
}
const licences = [...packages].sort().map(([name, folder]) => {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find(f => /^licen[cs]e/i.test(f));
  return `${name} ${version}\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : 'MIT'}\n`;
});
writeFileSync(join(out, 'assets', 'licences.txt'), licences.join('\n----\n\n'));

// index.html names the built files by their hashes; what the entry imports at once is asked for at once.
const outputs = built.metafile.outputs;
const nameOf = path => `/assets/${basename(path)}`;
const entry = Object.keys(outputs).find(path => outputs[path].entryPoint?.endsWith('src/main.tsx'));
const first = new Set();
const follow = path => {
  for (const { path: next, kind } of outputs[path].imports) {
    if (kind === 'import-statement' && !first.has(next)) {
      first.add(next);
      follow(next);
    }
  }
};
follow(entry);
const style = outputs[entry].cssBundle;
const icon = readFileSync(join(here, '../page/icon.svg'));
const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`;
writeFileSync(join(out, 'assets', iconName), icon);
const preloads = [...first].map(path => `<link rel="modulepreload" href="${nameOf(path)}">`).join('\n');
const page = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('{{style}}', nameOf(style))
  .replace('{{script}}', nameOf(entry))
  .replaceAll('{{icon}}', `/assets/${iconName}`)
  .replace('{{preloads}}', preloads);
writeFileSync(join(out, 'index.html'), page);

const gzip = data => gzipSync(data, { level: 9 });
const brotli = data => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
const files = [
  'index.html',
  ...readdirSync(join(out, 'assets'))
    .sort()
    .map(f => `assets/${f}`),
];
const assets = files.map(file => {
  const data = readFileSync(join(out, file));
  return {
    path: file === 'index.html' ? '' : basename(file),
    type: TYPES[extname(file)],
    data,
    gzip: gzip(data),
    brotli: brotli(data),
    tag: createHash('sha256').update(data).digest('hex').slice(0, 16),
  };
});
const size = names => assets.filter(a => names.has(a.path)).reduce((sum, a) => sum + a.gzip.length, 0);
const firstLoad = size(new Set(['', iconName, ...[entry, style, ...first].map(p => basename(p))]));
console.log(
  `console: ${assets.length} files, first load ${(firstLoad / 1000).toFixed(1)} KB gzip, all ${(
    assets.reduce((s, a) => s + a.gzip.length, 0) / 1000
  ).toFixed(1)} KB`,
);
writeFileSync(join(out, 'sizes.json'), JSON.stringify({ first_load_gzip: firstLoad }));

// A string literal of any bytes: octal escapes of three digits end by themselves.
const literal = data => {
  let text = '';
  for (let i = 0; i < data.length; i += 4096) {
    text += '\n"';
    for (const byte of data.subarray(i, i + 4096)) {
      text +=
        byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63
          ? String.fromCharCode(byte)
          : `\\${byte.toString(8).padStart(3, '0')}`;
    }
    text += '"';
  }
  return `std::string_view(${text || '""'}, ${data.length})`;
};
if (cpp) {
  const rows = assets.map(
    a => `{"${a.path}", "${a.type}", "${a.tag}",\n${[a.data, a.gzip, a.brotli].map(literal).join(',\n')}}`,
  );
  writeFileSync(
    cpp,
    `// Made by connectors/http/console/build.mjs.\n#include "connectors/http/console_assets.h"\n\nnamespace tocsin::http {\n` +
      `static const Asset kAssets[] = {\n${rows.join(',\n')}};\nconst std::span<const Asset> kConsole = kAssets;\n}  // namespace tocsin::http\n`,
  );
}
