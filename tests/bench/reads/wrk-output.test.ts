import { expect, test } from '@jest/globals';
import { parseWrk } from './wrk-output.js';

const output = `Running 5s test @ http://127.0.0.1:8080
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.02ms    1.04ms  28.81ms   91.77%
    Req/Sec    21.33k     1.32k   23.01k    86.00%
  Latency Distribution
     50%    2.80ms
     75%    3.16ms
     90%    3.67ms
     99%    1.02s
  106206 requests in 5.01s, 44.06MB read
`;
const rate = 'Requests/sec:  21198.32\nTransfer/sec:      8.79MB\n';

test('rate, latencies and errors are read, whatever the unit', () => {
  expect(parseWrk(output + rate)).toEqual({
    requestsPerSecond: 21198.32,
    p50Ms: 2.8,
    p99Ms: 1020,
    errors: 0,
  });
  const micros = (output + rate).replace('2.80ms', '640.00us');
  expect(parseWrk(micros)?.p50Ms).toBeCloseTo(0.64);
});

test('refused requests and broken connections are errors', () => {
  const socket = '  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 10\n';
  expect(parseWrk(output + socket + rate)?.errors).toBe(17);
});

test('what is not the output of a whole run is no result', () => {
  expect(parseWrk(output)).toBeUndefined();
});
