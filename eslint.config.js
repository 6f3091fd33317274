import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const root = import.meta.dirname;

/** Finds the source of an import: `./order.js` is order.ts, `#platform/config.js` is packages/platform/config.ts. */
const sourceResolver = {
  interfaceVersion: 3,
  name: 'tristate-sources',
  resolve(specifier, importer) {
    if (isBuiltin(specifier)) return { found: true, path: null };
    const packages = ['protocols', 'simulator', 'platform', 'cli'];
    const file = specifier.startsWith('.')
      ? path.resolve(path.dirname(importer), specifier)
      : specifier.replace(/^#([^/]+)/, (_, name) =>
          path.join(root, packages.includes(name) ? `packages/${name}` : name),
        );
    const source = [file.replace(/\.js$/, '.ts'), file].find((candidate) => existsSync(candidate));
    return source === undefined ? { found: false } : { found: true, path: source };
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'generated/', '.tristate/', 'node_modules/', 'bench/results/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,js,mjs}'],
    extends: [tseslint.configs.recommended],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [sourceResolver],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/extensions': ['.ts', '.js', '.mjs'],
    },
    rules: {
      eqeqeq: 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'import-x/no-duplicates': ['error', { 'prefer-inline': true }],
      'import-x/no-self-import': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // A switch ends in `default: return assertNever(value)`, which the compiler checks for completeness.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Files with decorators are left alone by the rule itself: Nest needs their imports at run time.
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An async function without await turns what it throws into a rejection, as its callers expect.
      '@typescript-eslint/require-await': 'off',
      // Nest modules are classes without a body.
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
  {
    files: ['packages/protocols/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'performance',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'fetch',
        ].map((name) => ({
          name,
          message: 'A protocol core takes time, randomness and I/O from its events.',
        })),
      ],
    },
  },
);
