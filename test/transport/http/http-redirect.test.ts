// Checks what a redirect to HTTPS says, and what never gets into its Location; and who is asked before it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AcmeChallenges } from '../../../src/transport/http/acme-challenges.ts';
import { createRedirect, safeTarget } from '../../../src/transport/http/http-redirect.ts';
import { startHttpFor } from './http-tracker.ts';
import { RawHttp, type RawReply } from './raw-http.ts';

async function get(port: number, target: string, method = 'GET'): Promise<RawReply> {
  const connection = await RawHttp.open(port);
  connection.send(`${method} ${target} HTTP/1.1\r\nHost: evil.example\r\n\r\n`);
  const reply = await connection.reply(method === 'HEAD');
  connection.close();
  return reply!;
}

test('every path is redirected to the domain as it was given, with path and query', async (t) => {
  const answerFirst = createRedirect(() => 'https://tracker.example.net:8443');
  const { port, counters } = await startHttpFor(t, { answerFirst });
  for (const target of ['/announce?info_hash=%01%02&port=1', '/', '/scrape/', '/x/y?z', '/%2e%2e//a']) {
    const { status, fields, body } = await get(port, target);
    assert.equal(status, 301);
    assert.equal(fields.get('location'), `https://tracker.example.net:8443${target}`);
    assert.equal(fields.get('content-length'), '0');
    assert.equal(body.length, 0);
  }
  assert.equal((await get(port, '/announce', 'HEAD')).status, 301);
  assert.equal((await get(port, '/announce', 'POST')).status, 405);
  assert.equal(counters.announces, 0);
});

test('a target that could lead to another host becomes the root', async (t) => {
  const { port } = await startHttpFor(t, {
    answerFirst: createRedirect(() => 'https://tracker.example.net'),
  });
  for (const target of ['//evil.example/', '/\\evil.example/', 'http://evil.example/announce', '///']) {
    assert.equal((await get(port, target)).fields.get('location'), 'https://tracker.example.net/', target);
  }
});

test('no target brings a control character or a second header into the reply', () => {
  assert.equal(safeTarget('/a\r\nSet-Cookie: x=1'), '/a%0D%0ASet-Cookie:%20x=1');
  assert.equal(safeTarget('/\u00e9'), '/%E9');
  const latin1 = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  });
  fc.assert(
    fc.property(latin1, (text) => assert.match(safeTarget(`/${text}`), /^\/(?:(?!\/)[\x21-\x7e]*)$/)),
  );
});

test('an open challenge is answered before the redirect, and only while it is open', async (t) => {
  const challenges = new AcmeChallenges();
  const redirect = createRedirect(() => 'https://tracker.example.net');
  const { port } = await startHttpFor(t, {
    answerFirst: (request, response) => challenges.answer(request, response) || redirect(request, response),
  });
  const target = '/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
  assert.equal((await get(port, target)).status, 301);
  challenges.set('evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA', 'token.thumbprint');
  const { status, body } = await get(port, target);
  assert.equal(status, 200);
  assert.equal(body.toString(), 'token.thumbprint');
  assert.equal((await get(port, `${target}x`)).status, 301);
  challenges.delete('evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA');
  assert.equal((await get(port, target)).status, 301);
});
