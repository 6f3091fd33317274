import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ResponseReader, type ResponseHead } from './response-reader.js';

const response = (status: number, body: string, more = ''): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status} X\r\nServer: nginx\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`,
  );

test('a response is found however it is cut into chunks', () => {
  const bytes = response(409, '{"title":"Übergröße","detail":"\r\n\r\n"}', 'X-Served-By: order-2\r\n');
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 5 }), (places) => {
      const reader = new ResponseReader();
      const cuts = [0, ...places.sort((left, right) => left - right), bytes.length];
      const heads: (ResponseHead | undefined)[] = cuts
        .slice(1)
        .map((end, index) => reader.push(bytes.subarray(cuts[index], end)));
      expect(heads.pop()).toEqual({ status: 409, closes: false, servedBy: 'order-2' });
      expect(heads.every((head) => head === undefined)).toBe(true);
    }),
  );
});

test('one response after the other is read, in whatever case its headers are', () => {
  const reader = new ResponseReader();
  expect(reader.push(response(201, '{}'))?.status).toBe(201);
  const second = Buffer.from('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  expect(reader.push(second)).toEqual({ status: 202, closes: true, servedBy: '' });
});

test('what cannot be understood is an error, not a figure', () => {
  expect(() => new ResponseReader().push(Buffer.from('HTTP/1.1 200 OK\r\nServer: x\r\n\r\n'))).toThrow(
    /without a length/,
  );
  expect(() => new ResponseReader().push(Buffer.concat([response(200, 'a'), Buffer.from('b')]))).toThrow(
    /More arrived/,
  );
  expect(() =>
    new ResponseReader().push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')),
  ).toThrow(/chunk of the size/);
});

test('a chunked response is found however it is cut', () => {
  const bytes = Buffer.from(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n\r\n0\r\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 5 }), (places) => {
      const reader = new ResponseReader();
      const cuts = [0, ...places.sort((left, right) => left - right), bytes.length];
      const heads = cuts.slice(1).map((end, index) => reader.push(bytes.subarray(cuts[index], end)));
      expect(heads.pop()?.status).toBe(200);
      expect(heads.every((head) => head === undefined)).toBe(true);
    }),
  );
});

test('it is known whether a part of an answer has come', () => {
  const reader = new ResponseReader();
  expect(reader.hasBegun).toBe(false);
  reader.push(Buffer.from('HTTP/1.1 2'));
  expect(reader.hasBegun).toBe(true);
  reader.push(Buffer.from('04 No Content\r\n\r\n'));
  expect(reader.hasBegun).toBe(false);
});
