// Loaded into each test file's process by `scripts/test.mjs`: one that fails writes its own name down. The runner's events
// name the file that a test is written in, which for shared suites is not the one that ran it.
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { CARACAL_FAILED_FILES: list, NODE_TEST_CONTEXT: context } = process.env;
if (list !== undefined && context === 'child-v8' && isMainThread) {
  process.on('exit', (code) => {
    if (code !== 0) appendFileSync(list, `${process.argv[1]}\n`);
  });
}
