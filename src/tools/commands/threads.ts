import { Option } from 'commander';
import { MOST_THREADS } from '../../common/processor/cores.js';
import { wholeNumber } from './numbers.js';

/** `--threads`, for commands that judge or train. */
export const threadsOption = (): Option =>
  new Option(
    '--threads <n>',
    'how many CPU threads to use; without it, one for each core that the process may use',
  ).argParser(wholeNumber(1, MOST_THREADS));
