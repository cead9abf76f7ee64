// Bundles each *.test.ts beside this file and runs them all under Node's own test runner.
//   node run.mjs --modules DIR --out DIR
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const option = name => resolve(process.argv[process.argv.indexOf(`--${name}`) + 1]);
const modules = join(option('modules'), 'node_modules'),
  out = option('out');
const esbuild = createRequire(join(modules, 'x.js'))('esbuild');
const tests = readdirSync(here).filter(f => f.endsWith('.test.ts'));
await esbuild.build({
  entryPoints: tests.map(f => join(here, f)),
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  outExtension: { '.js': '.mjs' },
  nodePaths: [modules],
  logLevel: 'warning',
  banner: {
    js: 'globalThis.location ??= { hash: "" }; globalThis.window ??= globalThis; globalThis.navigator ??= { language: "en" }; globalThis.document ??= { documentElement: {} }; const every = setInterval; globalThis.setInterval = (...how) => every(...how).unref();',
  },
});
const env = {
  ...process.env,
  TOCSIN_CONSOLE_SOURCES: resolve(here, '../../../connectors/http/console/src'),
  TOCSIN_CATEGORIES: resolve(here, '../../../rules/categories.yaml'),
};
const done = spawnSync(process.execPath, ['--test', ...tests.map(f => join(out, f.replace(/\.ts$/, '.mjs')))], {
  stdio: 'inherit',
  env,
});
process.exit(done.status ?? 1);
