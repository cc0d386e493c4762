// The entry of the program, from the bundle and from the sources alike.
import * as catalogue from './cli/catalogue.ts';
import { start } from './cli/start.ts';

start(catalogue, process.argv.slice(2));
