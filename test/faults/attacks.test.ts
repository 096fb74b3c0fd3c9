// What comes from outside, in the short form of the suites; a file of its own, as no file of tests may take five minutes.
import { testShortForms } from './short-form.ts';
import { attackingSuites } from './suites.ts';

testShortForms(attackingSuites);
