import type { Plugin } from 'esbuild';

export function deferBuiltins(text: string): string;
export const lazyOclif: Plugin;
