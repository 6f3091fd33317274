import { describe, expect, it } from '@jest/globals';
import { withConsistency } from './openapi.js';

describe('the API’s description', () => {
  const answers = { 200: { description: 'Fine' } };
  const operation = { summary: 'Does', answers, problems: ['not-found'] } as const;
  const described = withConsistency({
    '/api/things': { get: operation, post: operation },
    '/control/things': { get: operation },
  });
  const namesOf = (path: string, method: 'get' | 'post'): string[] =>
    (described[path]?.[method]?.parameters ?? []).map(({ name }) => name);

  it('says with which headers a read is chosen, and what it tells', () => {
    expect(namesOf('/api/things', 'get')).toEqual(['X-Consistency', 'X-Session']);
    const headers = Object.keys(described['/api/things']?.get?.answers[200]?.headers ?? {});
    expect(headers).toEqual(['X-Read-From', 'X-Replica-Lag-Ms', 'X-Cache-Age-Ms', 'X-Session']);
    expect(described['/api/things']?.get?.problems).toEqual(
      expect.arrayContaining(['session-lost', 'not-found']),
    );
  });

  it('says that a write takes and gives a session', () => {
    expect(namesOf('/api/things', 'post')).toEqual(['X-Session']);
    expect(Object.keys(described['/api/things']?.post?.answers[200]?.headers ?? {})).toEqual(['X-Session']);
  });

  it('says of the control plane that it knows the levels', () => {
    expect(namesOf('/control/things', 'get')).toEqual([]);
    expect(described['/control/things']?.get?.problems).toContain('unknown-consistency');
  });
});
