// Lint is where the house rules live: which room may import which, what is pure, how long a thing may be.
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// room → rooms it must not see (docs/decisions/0001-layers.md)
const layers = {
  audit: ['io', 'flows', 'view', 'commands', 'demo', 'command.ts', 'cli'],
  // what runs on a control-plane node, and how it is spoken to; pure
  node: ['io', 'flows', 'view', 'commands', 'demo', 'command.ts', 'cli'],
  view: ['io', 'flows', 'commands', 'demo', 'command.ts', 'cli'],
  io: ['flows', 'view', 'commands', 'demo', 'command.ts', 'cli'],
  demo: ['io', 'flows', 'view', 'commands', 'command.ts', 'cli'],
  flows: ['view', 'commands', 'command.ts', 'cli'],
  commands: ['audit', 'io', 'node', 'demo'],
  // what stands between argv and a command: words, shared flags, documents, reports; only main.ts is above it
  cli: ['audit', 'io', 'node', 'flows', 'view', 'demo'],
  'command.ts': ['audit', 'node', 'flows', 'view', 'commands', 'demo'],
  'errors.ts': ['audit', 'io', 'node', 'flows', 'view', 'commands', 'demo', 'command.ts', 'cli'],
};
const zones = Object.entries(layers).flatMap(([target, rooms]) =>
  rooms.map((from) => ({ target: `./src/${target}`, from: `./src/${from}` })),
);

const sizes = {
  'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
  complexity: ['error', 12],
  'max-depth': ['error', 3],
  'max-params': ['error', 4],
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/extensions': ['.ts'],
      'import-x/resolver-next': [createTypeScriptImportResolver()],
    },
    rules: {
      ...sizes,
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-default-export': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "ExpressionStatement > NewExpression[callee.name='Failure']",
          message: 'A Failure that is made and not thrown is lost: throw it.',
        },
      ],
    },
  },
  {
    // oclif wants a default export from a command
    files: ['src/commands/**/*.ts'],
    rules: { 'import-x/no-default-export': 'off' },
  },
  {
    // the pure rooms: no I/O, no clock, no randomness
    files: ['src/audit/**/*.ts', 'src/node/**/*.ts', 'src/view/**/*.ts', 'src/errors.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(node:|@kubernetes/|@oclif/)', allowTypeImports: true }] },
      ],
      'no-restricted-globals': [
        'error',
        'fetch',
        'process',
        'console',
        'setTimeout',
        'setInterval',
        'Buffer',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'The clock is in io.' },
        {
          selector: "ExpressionStatement > NewExpression[callee.name='Failure']",
          message: 'A Failure that is made and not thrown is lost: throw it.',
        },
      ],
    },
  },
  {
    files: ['src/flows/**/*.ts', 'src/commands/**/*.ts', 'src/command.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(node:|@kubernetes/)', allowTypeImports: true }] },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: { require: 'readonly', module: 'writable', process: 'readonly', console: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // the launcher must be readable for any Node, to tell an old one that it is too old
    files: ['bin/*.cjs'],
    languageOptions: { ecmaVersion: 5, sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-unused-vars': ['error', { caughtErrors: 'none' }] },
  },
);
