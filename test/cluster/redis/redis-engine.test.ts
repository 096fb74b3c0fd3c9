import { test } from 'node:test';
import { RedisEngine } from '../../../src/cluster/redis/redis-engine.ts';
import { testEngine } from '../engine-contract.ts';
import { RedisServer, withoutRedis } from '../redis-server.ts';

if (withoutRedis) test('an engine over Redis', { skip: withoutRedis }, () => {});
else
  testEngine('over Redis', async () => {
    const server = await RedisServer.start();
    return {
      connect: async () => {
        const engine = await RedisEngine.open(server.url);
        while (!engine.isUp) await new Promise((resolve) => setTimeout(resolve, 10));
        return engine;
      },
      lose: async () => {
        await server.kill();
        await server.start();
      },
      close: () => server.close(),
    };
  });
