// Hooks of every test: whatever the test printed or wrote is searched for secrets.
import { assertNoSecretLeaked, witness } from './secrets.ts';

for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = ((chunk: string | Uint8Array, ...rest: []) => {
    witness(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
    return write(chunk, ...rest);
  }) as typeof stream.write;
}

export const mochaHooks = {
  afterEach(): void {
    assertNoSecretLeaked();
  },
};
