// The compose files against compose's own schema, and what they bring for nginx, Caddy, Prometheus and Grafana as those read it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { freePort, withoutRedis } from '../cluster/redis-server.ts';
import { pause, startProgram } from '../program.ts';
import { skipWithout } from '../system-tools.ts';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'caracal-compose-'));
after(() => rmSync(directory, { recursive: true }));
const files = ['compose.yaml', 'compose.caddy.yaml', 'compose.nginx.yaml', 'compose.monitoring.yaml'];

interface Compose {
  services: Record<
    string,
    {
      volumes?: string[];
      environment?: Record<string, string>;
      read_only?: boolean;
      network_mode?: string;
      healthcheck?: object;
    }
  >;
  volumes?: Record<string, unknown>;
}
const read = (file: string) => parse(readFileSync(join(deploy, file), 'utf8'), { merge: true }) as Compose;
const allFiles = [...files, 'compose.cluster.yaml'];

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

  test('compose.cluster.yaml is what compose takes, and wants a password', {
    skip: skipWithout('docker-compose'),
  }, () => {
    const config = (password: string | undefined) => {
      const { ENGINE_PASSWORD: _, ...env } = process.env;
      return spawnSync('docker-compose', ['-f', 'compose.cluster.yaml', 'config'], {
        ...{ cwd: deploy, encoding: 'utf8' },
        env: password === undefined ? env : { ...env, ENGINE_PASSWORD: password },
      });
    };
    const { status, stdout, stderr } = config('a-password');
    assert.equal(status, 0, stderr);
    const { services } = parse(stdout) as Compose;
    assert.deepEqual(Object.keys(services).sort(), ['engine', 'one', 'three', 'two']);
    const names = new Set<string>();
    for (const [name, { environment = {}, ...service }] of Object.entries(services)) {
      assert.ok(service.healthcheck && service.read_only && service.network_mode === 'host', name);
      if (name === 'engine') continue;
      assert.equal(environment.CARACAL_CLUSTER, 'redis://:a-password@127.0.0.1:6379');
      for (const key of ['CLUSTER_NODE', 'HTTP_PORT', 'UDP_PORT', 'ADMIN_PORT'])
        names.add(environment[`CARACAL_${key}`]);
    }
    assert.equal(names.size, 9, 'three names, and no port twice but those of UDP and HTTP');
    const without = config(undefined);
    assert.notEqual(without.status, 0);
    assert.match(without.stderr, /a password for the engine/);
  });

  test('of the cluster start Valkey as it starts, with the password it is asked with', {
    skip: withoutRedis,
  }, async () => {
    const { command, environment, healthcheck } = (
      parse(readFileSync(join(deploy, 'compose.cluster.yaml'), 'utf8'), { merge: true }) as Compose
    ).services.engine as { command: string[]; environment: object; healthcheck: { test: string[] } };
    assert.ok(environment && healthcheck);
    const port = await freePort();
    // The packages of Redis, which read the same words.
    const asHere = (words: string) =>
      words
        .replaceAll('$$', '$')
        .replaceAll('valkey-', 'redis-')
        .replace('--port 6379', `--port ${port} --dir ${directory}`)
        .replace('redis-cli', `redis-cli -p ${port}`);
    const env = { ...process.env, ENGINE_PASSWORD: 'a-password' };
    const server = startProgram('sh', ['-c', asHere(command[2])], { env });
    try {
      const asks = () => spawnSync('sh', ['-c', asHere(healthcheck.test[1])], { env }).status;
      for (let tries = 0; asks() !== 0; tries++) {
        assert.ok(tries < 100, server.describe('is not healthy'));
        await pause(100);
      }
      const tell = (...words: string[]) =>
        spawnSync('redis-cli', ['-p', `${port}`, ...words], { encoding: 'utf8' }).stdout;
      assert.match(tell('PING'), /NOAUTH/);
      assert.match(tell('-a', 'a-password', 'CONFIG', 'GET', 'maxmemory-policy'), /noeviction/);
      tell('-a', 'a-password', 'SHUTDOWN', 'NOSAVE');
    } finally {
      await server.kill();
    }
  });

  test('of the cluster ask a node whether it is ready, as a container asks itself', async () => {
    const { healthcheck } = (
      parse(readFileSync(join(deploy, 'compose.cluster.yaml'), 'utf8'), { merge: true }) as Compose
    ).services.one as { healthcheck: { test: string[] } };
    const [how, words] = healthcheck.test;
    assert.equal(how, 'CMD-SHELL');
    let status = 503;
    const door = createServer(({ url }, response) => {
      response.writeHead(url === '/health/ready' ? status : 404).end();
    }).listen(0, '127.0.0.1');
    await once(door, 'listening');
    const { port } = door.address() as { port: number };
    const ask = () =>
      startProgram('sh', ['-c', words.replaceAll('$$', '$')], {
        env: { CARACAL_ADMIN_PORT: `${port}` },
      }).exit();
    try {
      assert.equal((await ask()).code, 1, 'it has not caught up');
      status = 200;
      assert.equal((await ask()).code, 0);
    } finally {
      door.closeAllConnections();
      door.close();
    }
    assert.equal((await ask()).code, 1, 'it does not run');
  });

  test('mount only what is there', () => {
    for (const file of allFiles) {
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
    const names = allFiles.flatMap((file) =>
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
