import type { PathItems } from '#platform/http/openapi.js';
import { accountSchema, credentialsSchema, newAccountSchema, tokenSchema } from './schemas.js';

export const accountPaths: PathItems = {
  '/api/accounts': {
    post: {
      summary: 'Opens an account',
      body: newAccountSchema,
      answers: { 201: { description: 'The new account', schema: accountSchema } },
      problems: ['validation-failed', 'owner-taken'],
    },
  },
  '/api/accounts/{id}': {
    get: {
      summary: 'Shows your account',
      user: true,
      parameters: [{ name: 'id', in: 'path', description: 'The account’s id' }],
      answers: { 200: { description: 'Your account', schema: accountSchema } },
      problems: ['unauthenticated', 'forbidden', 'unknown-account', 'overloaded'],
    },
  },
  '/api/tokens': {
    post: {
      summary: 'Logs in: a bearer token, valid for 15 minutes',
      body: credentialsSchema,
      answers: { 201: { description: 'The token', schema: tokenSchema } },
      problems: ['validation-failed', 'wrong-credentials'],
    },
  },
};
