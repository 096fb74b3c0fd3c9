// A program for another network namespace: aria2 and libtorrent get a file from an aria2 seeder through the tracker that it is told.
import { aria2, libtorrent } from './clients.ts';
import { exchangeFile } from './exchange.ts';

const leechers = [aria2, libtorrent];
await exchangeFile({ announceUrl: process.argv[2], leechers, timeoutMs: 60_000, address: '0.0.0.0' });
console.log('everybody has the file');
