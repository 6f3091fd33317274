/** A body that must be refused: its text, the status and the code of the answer, and the field that it names. */
export interface BadBody {
  name: string;
  body: string | Buffer;
  status: number;
  code: string;
  field?: string;
}

const invalid = (field: string): Pick<BadBody, 'status' | 'code' | 'field'> => ({
  status: 400,
  code: 'validation-failed',
  field,
});
const notJson = { status: 400, code: 'invalid-json' };

/** Written as text: JavaScript's own values cannot say 1e400, or the same key twice. */
const order = (quantity: string): string => `{"items":[{"sku":"MUG-BLU-1","quantity":${quantity}}]}`;
const items = (text: string): string => `{"items":${text}}`;
const item = (index: number): string => `{"sku":"MUG-BLU-${index}","quantity":1}`;
const nested = (levels: number): string => `{"items":${'['.repeat(levels)}${']'.repeat(levels)}}`;

const quantities: BadBody[] = [
  '0',
  '-1',
  '-9007199254740991',
  '1.5',
  '"1"',
  'null',
  'true',
  '[]',
  '{}',
  '1e400',
  '1e21',
  '9007199254740993',
].map((quantity) => ({
  name: `quantity ${quantity}`,
  body: order(quantity),
  ...invalid('items.0.quantity'),
}));

export const badOrders: BadBody[] = [
  ...quantities,
  { name: 'quantity NaN', body: order('NaN'), ...notJson },
  { name: 'quantity Infinity', body: order('-Infinity'), ...notJson },
  { name: 'quantity 0x10', body: order('0x10'), ...notJson },
  { name: 'no quantity', body: items('[{"sku":"MUG-BLU-1"}]'), ...invalid('items.0.quantity') },
  { name: 'no sku', body: items('[{"quantity":1}]'), ...invalid('items.0.sku') },
  { name: 'a number as sku', body: items('[{"sku":7,"quantity":1}]'), ...invalid('items.0.sku') },
  { name: 'an empty sku', body: items('[{"sku":"","quantity":1}]'), ...invalid('items.0.sku') },
  {
    name: 'a long sku',
    body: items(`[{"sku":"${'A'.repeat(5_000)}","quantity":1}]`),
    ...invalid('items.0.sku'),
  },
  {
    name: 'a sku with a zero byte',
    body: items('[{"sku":"A\\u0000","quantity":1}]'),
    ...invalid('items.0.sku'),
  },
  {
    name: 'half a character in a sku',
    body: items('[{"sku":"\\ud800","quantity":1}]'),
    ...invalid('items.0.sku'),
  },
  { name: 'a path as sku', body: items('[{"sku":"../../x","quantity":1}]'), ...invalid('items.0.sku') },
  {
    name: 'the second item is wrong',
    body: items(`[${item(1)},{"sku":"MUG-BLU-2","quantity":-1}]`),
    ...invalid('items.1.quantity'),
  },
  { name: 'an item that is null', body: items('[null]'), ...invalid('items.0') },
  { name: 'an item that is text', body: items('["MUG-BLU-1"]'), ...invalid('items.0') },
  {
    name: 'an unknown field in an item',
    body: items('[{"sku":"MUG-BLU-1","quantity":1,"priceMinor":1}]'),
    ...invalid('items.0.priceMinor'),
  },
  { name: 'no items', body: '{}', ...invalid('items') },
  { name: 'an empty list of items', body: items('[]'), ...invalid('items') },
  { name: 'items that are null', body: items('null'), ...invalid('items') },
  {
    name: 'items that are an object',
    body: items('{"0":{"sku":"MUG-BLU-1","quantity":1}}'),
    ...invalid('items'),
  },
  {
    name: '101 items',
    body: items(`[${Array.from({ length: 101 }, (_, index) => item(index)).join()}]`),
    ...invalid('items'),
  },
  { name: 'a sku twice', body: items(`[${item(1)},${item(2)},${item(1)}]`), ...invalid('items.2.sku') },
  { name: 'an unknown field', body: `{"items":[${item(1)}],"discount":100}`, ...invalid('discount') },
  {
    name: 'another account',
    body: `{"items":[${item(1)}],"accountId":"00000000-0000-7000-8000-000000000000"}`,
    ...invalid('accountId'),
  },
  { name: 'a total of its own', body: `{"items":[${item(1)}],"totalMinor":1}`, ...invalid('totalMinor') },
  {
    name: 'an unknown protocol',
    body: `{"items":[${item(1)}],"protocol":"telepathy"}`,
    status: 422,
    code: 'unknown-protocol',
  },
  {
    name: 'a protocol of the object prototype',
    body: `{"items":[${item(1)}],"protocol":"toString"}`,
    status: 422,
    code: 'unknown-protocol',
  },
  { name: 'a number as protocol', body: `{"items":[${item(1)}],"protocol":2}`, ...invalid('protocol') },
  { name: 'null as protocol', body: `{"items":[${item(1)}],"protocol":null}`, ...invalid('protocol') },
  { name: 'the key __proto__', body: `{"items":[${item(1)}],"__proto__":{"protocol":"none"}}`, ...notJson },
  {
    name: 'the key __proto__ in an item',
    body: items('[{"sku":"MUG-BLU-1","quantity":1,"__proto__":{}}]'),
    ...notJson,
  },
  {
    name: 'the key constructor',
    body: `{"items":[${item(1)}],"constructor":{"prototype":{"quantity":1}}}`,
    ...notJson,
  },
  { name: 'a list', body: '[]', ...invalid('') },
  { name: 'null', body: 'null', ...invalid('') },
  { name: 'text', body: '"order"', ...invalid('') },
  { name: 'a number', body: '7', ...invalid('') },
  { name: 'nothing', body: '', ...notJson },
  { name: 'half a document', body: '{"items":[', ...notJson },
  { name: 'two documents', body: '{}{}', ...notJson },
  { name: 'XML', body: '<order/>', ...notJson },
  { name: '15,000 nested lists', body: nested(15_000), status: 400, code: 'validation-failed' },
  { name: '15,000 open brackets', body: '['.repeat(15_000), ...notJson },
  { name: '100,000 nested lists', body: nested(100_000), status: 413, code: 'body-too-large' },
  {
    name: 'bytes that are not UTF-8',
    body: Buffer.from('7b226974656d73223a5b7b22736b75223a22fffe227d5d7d', 'hex'),
    ...notJson,
  },
  { name: 'an overlong UTF-8 slash', body: Buffer.from('7b22c0af223a317d', 'hex'), ...notJson },
  { name: 'UTF-16', body: Buffer.from('{"items":[]}', 'utf16le'), ...notJson },
  { name: '64 KiB and one byte', body: ' '.repeat(64 * 1024 + 1), status: 413, code: 'body-too-large' },
];

const account = (fields: object): string =>
  JSON.stringify({ owner: 'bad-input', password: 'long enough', openingBalanceMinor: 1, ...fields });

export const badAccounts: BadBody[] = [
  ...['-1', '0.5', '"100"', 'null', '1e400', '1e21', '9007199254740993', '[1]'].map((balance) => ({
    name: `an opening balance of ${balance}`,
    body: account({}).replace('"openingBalanceMinor":1', `"openingBalanceMinor":${balance}`),
    ...invalid('openingBalanceMinor'),
  })),
  { name: 'an opening balance of NaN', body: account({}).replace(':1', ':NaN'), ...notJson },
  {
    name: 'no opening balance',
    body: account({ openingBalanceMinor: undefined }),
    ...invalid('openingBalanceMinor'),
  },
  { name: 'no owner', body: account({ owner: undefined }), ...invalid('owner') },
  { name: 'an empty owner', body: account({ owner: '' }), ...invalid('owner') },
  { name: 'an owner of 65 characters', body: account({ owner: 'x'.repeat(65) }), ...invalid('owner') },
  { name: 'an owner with markup', body: account({ owner: '<script>' }), ...invalid('owner') },
  { name: 'an owner with a zero byte', body: account({ owner: 'a\u0000b' }), ...invalid('owner') },
  { name: 'a number as owner', body: account({ owner: 1 }), ...invalid('owner') },
  { name: 'no password', body: account({ password: undefined }), ...invalid('password') },
  { name: 'a short password', body: account({ password: 'short' }), ...invalid('password') },
  {
    name: 'a password of 5,000 characters',
    body: account({ password: 'x'.repeat(5_000) }),
    ...invalid('password'),
  },
  { name: 'an unknown field', body: account({ admin: true }), ...invalid('admin') },
  {
    name: 'an id of its own',
    body: account({ id: '00000000-0000-7000-8000-000000000000' }),
    ...invalid('id'),
  },
];

export const badCredentials: BadBody[] = [
  { name: 'no password', body: '{"owner":"alice"}', ...invalid('password') },
  { name: 'a list as password', body: '{"owner":"alice","password":["x"]}', ...invalid('password') },
  {
    name: 'a condition as password',
    body: '{"owner":"alice","password":{"$ne":""}}',
    ...invalid('password'),
  },
  {
    name: 'a password of 5,000 characters',
    body: JSON.stringify({ owner: 'alice', password: 'x'.repeat(5_000) }),
    ...invalid('password'),
  },
  { name: 'an unknown field', body: '{"owner":"alice","password":"x","otp":1}', ...invalid('otp') },
];
