// The compose files against compose's own schema, and what they bring for nginx, Caddy, Prometheus and Grafana as those read it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { skipWithout } from '../system-tools.ts';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-compose-'));
after(() => rmSync(directory, { recursive: true }));
const files = ['compose.yaml', 'compose.caddy.yaml', 'compose.nginx.yaml', 'compose.monitoring.yaml'];

interface Compose {
  services: Record<
    string,
    { volumes?: string[]; environment?: Record<string, string>; read_only?: boolean; network_mode?: string }
  >;
  volumes?: Record<string, unknown>;
}
const read = (file: string) => parse(readFileSync(join(deploy, file), 'utf8')) as Compose;

describe('the compose files', () => {
  for (const file of files.slice(1)) {
    test(`${file} with compose.yaml is what compose takes`, { skip: skipWithout('docker-compose') }, () => {
      // No engine is asked; `config` reads, checks against the schema and joins.
      const words = ['-f', 'compose.yaml', '-f', file, 'config'];
      const { status, stdout, stderr } = spawnSync('docker-compose', words, {
        cwd: deploy,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      const joined = parse(stdout) as Compose;
      assert.equal(joined.services.tracker.read_only, true);
      for (const [name, service] of Object.entries(joined.services))
        assert.equal(service.network_mode, 'host', `${name}: IPv4 clients need their own addresses`);
    });
  }

  test('mount only what is there', () => {
    for (const file of files) {
      const { services, volumes = {} } = read(file);
      for (const mount of Object.values(services).flatMap(({ volumes = [] }) => volumes)) {
        const [from] = mount.split(':');
        // The operator's own.
        if (from === './certificates') continue;
        if (from.startsWith('.')) assert.ok(existsSync(join(deploy, from)), `${file}: ${from}`);
        else assert.ok(from in volumes, `${file}: ${from}`);
      }
    }
  });

  test('set only options that there are', () => {
    const options = readFileSync(join(deploy, '..', 'docs', 'options.md'), 'utf8');
    const names = files.flatMap((file) =>
      Object.values(read(file).services).flatMap(({ environment = {} }) => Object.keys(environment)),
    );
    for (const name of names.filter((name) => name.startsWith('CARACAL_')))
      assert.ok(options.includes(`\`${name}\``), name);
  });
});

test('nginx takes its configuration', { skip: skipWithout('nginx', 'openssl') }, () => {
  const certificates = join(directory, 'certificates');
  mkdirSync(certificates);
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=t.example';
  const out = ['-keyout', join(certificates, 'privkey.pem'), '-out', join(certificates, 'fullchain.pem')];
  assert.equal(spawnSync('openssl', [...words.split(' '), ...out]).status, 0);
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `pid ${directory}/pid;\n${readFileSync(join(deploy, 'containers', 'nginx.conf'), 'utf8')}`,
  );
  const { status, stderr } = spawnSync('nginx', ['-t', '-q', '-c', file, '-e', join(directory, 'errors')], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

test('Prometheus takes its configuration with the rules', { skip: skipWithout('promtool') }, () => {
  for (const path of ['containers/prometheus.yml', 'prometheus-rules.yml'])
    writeFileSync(join(directory, path.replace('containers/', '')), readFileSync(join(deploy, path)));
  const { status, stdout, stderr } = spawnSync(
    'promtool',
    ['check', 'config', join(directory, 'prometheus.yml')],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout + stderr);
});

test('Caddy takes its configuration', { skip: skipWithout('caddy') }, () => {
  const words = ['validate', '--adapter', 'caddyfile', '--config', join(deploy, 'containers', 'Caddyfile')];
  const { status, stderr } = spawnSync('caddy', words, {
    encoding: 'utf8',
    env: { ...process.env, HOME: directory },
  });
  assert.equal(status, 0, stderr);
});
