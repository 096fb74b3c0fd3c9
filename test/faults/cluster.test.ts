// What breaks within a cluster of several nodes, in the short form of the suites.
import { testShortForms } from './short-form.ts';
import { clusterSuites } from './suites.ts';

testShortForms(clusterSuites);
