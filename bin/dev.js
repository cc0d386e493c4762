#!/usr/bin/env node
// Runs the sources directly, without a build: node bin/dev.js status
import { register } from 'tsx/esm/api';

register();
await import('../src/main.ts');
