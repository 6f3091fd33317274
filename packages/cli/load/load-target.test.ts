import { expect, test } from '@jest/globals';
import { requireTarget } from './load-target.js';

test.each(['http://127.0.0.1:8080', 'http://localhost:8080/', 'http://[::1]:8080', 'http://127.9.9.9:1'])(
  'load may be sent to %s',
  (url) => {
    expect(requireTarget(url, false).isLoopback).toBe(true);
  },
);

test.each([
  'http://example.com',
  'http://10.0.0.1:8080',
  'http://127.0.0.1.example.com',
  'http://localhost.example.com',
])('%s needs the word of its owner', (url) => {
  expect(() => requireTarget(url, false)).toThrow(/--i-own-this-target/);
  expect(requireTarget(url, true).isLoopback).toBe(false);
});

test.each(['https://localhost', 'localhost:8080', 'nothing', ''])('"%s" is no target', (url) => {
  expect(() => requireTarget(url, true)).toThrow(/no http:/);
});

test('an address without a port means port 80', () => {
  expect(requireTarget('http://localhost/', false).port).toBe(80);
});
