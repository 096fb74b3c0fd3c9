// What breaks under a tracker, in the short form of the suites.
import { testShortForms } from './short-form.ts';
import { breakingSuites } from './suites.ts';

testShortForms(breakingSuites);
