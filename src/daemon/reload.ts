import type { Config } from '../config/schema.js';
import { KdadError } from '../errors.js';
import type { Logger } from '../observability/log.js';
import type { Daemon } from './daemon.js';

/** Reads the configuration again and puts it in force. One that is wrong is told, and the old one stays. */
export async function reload(read: () => Promise<Config>, daemon: Daemon, log: Logger): Promise<void> {
  try {
    await daemon.reload(await read());
  } catch (error) {
    if (!(error instanceof KdadError)) throw error;
    log.error({ problems: error.message.split('\n') }, 'the new configuration is wrong; the old one stays in force');
  }
}
