// That what a tracker asks itself shows in no figure, and that no figure ever goes back for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OwnQuestions } from '../../../src/server/listening/own-questions.ts';
import type { AskSelf, SelfAnswer } from '../../../src/transport/self-question.ts';
import { nothingCounted, type TransportCounts } from '../../../src/transport/transport-counts.ts';

const listener = { family: 4, address: '127.0.0.1', port: 1 } as const;
const never = new AbortController().signal;

function countsOf(stopped: number, notAllowed = 0): TransportCounts {
  return {
    ...nothingCounted,
    announces4: [5, 0, 2, stopped, 0],
    refused: { not_allowed: notAllowed, malformed: 1 },
  };
}

/** A listener that answers when it is told to. */
function heldListener() {
  let settle: { resolve: (answer: SelfAnswer) => void; reject: (error: Error) => void };
  const ask: AskSelf = () =>
    new Promise<SelfAnswer>((resolve, reject) => {
      settle = { resolve, reject };
    });
  return {
    ask,
    answer: (answer: SelfAnswer) => settle.resolve(answer),
    fail: () => settle.reject(new Error('x')),
  };
}

describe('a look at oneself', () => {
  test('is taken off the announces, before and after it is answered', async () => {
    const own = new OwnQuestions();
    const { ask, answer } = heldListener();
    assert.equal(own.without(countsOf(3)).announces4[3], 3);
    const asked = own.noting(ask)(listener, never);
    assert.equal(own.without(countsOf(3)).announces4[3], 3, 'not counted yet, and no step back');
    assert.equal(own.without(countsOf(4)).announces4[3], 3, 'counted, and not answered yet');
    answer('announced');
    assert.equal(await asked, 'announced');
    assert.equal(own.without(countsOf(4)).announces4[3], 3);
    assert.deepEqual(own.without(countsOf(6)).announces4, [5, 0, 2, 5, 0], 'clients are counted on');
  });

  test('is taken off the refusals where it is refused', async () => {
    const own = new OwnQuestions();
    const { ask, answer } = heldListener();
    own.without(countsOf(3, 7));
    const asked = own.noting(ask)(listener, never);
    assert.deepEqual(own.without(countsOf(3, 8)).refused, { not_allowed: 7, malformed: 1 });
    answer('not_allowed');
    await asked;
    const { announces4, refused } = own.without(countsOf(3, 9));
    assert.deepEqual([announces4[3], refused], [3, { not_allowed: 8, malformed: 1 }]);
  });

  test('that was not counted or not answered takes nothing from clients', async () => {
    const own = new OwnQuestions();
    const { ask, answer, fail } = heldListener();
    const one = own.noting(ask)(listener, never);
    answer('uncounted');
    await one;
    const other = own.noting(ask)(listener, never);
    fail();
    await assert.rejects(other);
    const { announces4, refused } = own.without(countsOf(3, 9));
    assert.deepEqual([announces4[3], refused], [3, { not_allowed: 9, malformed: 1 }]);
  });
});
