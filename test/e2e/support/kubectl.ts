// Knows how to run the real kubectl with one kubeconfig and nothing of the caller's own.
import { execFile } from 'node:child_process';
import { partPath } from './parts.ts';

/** How a kubectl run ended. */
export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs kubectl to its end; a non-zero code is an answer, not a throw. */
export function kubectl(kubeconfig: string, args: readonly string[], input = ''): Promise<KubectlResult> {
  const command = partPath('kubectl', 'kubectl');
  // its usual cache knows clusters by host and port alone, and an earlier one may have had these
  const env = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: `${kubeconfig}.cache` };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
    child.stdin?.on('error', () => undefined); // it may end before it has read everything; its code says how
    child.stdin?.end(input);
  });
}
