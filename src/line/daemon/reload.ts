import { KdadError } from '../../common/errors.js';
import type { Config } from '../config/schema.js';
import type { Logger } from '../observability/log.js';
import type { Daemon } from './daemon.js';

/**
 * Reads the configuration again and puts it in force. One that is wrong, or cannot be put in force, is told, and the
 * old one stays. Never throws: the line is watched, whatever becomes of a reload.
 */
export async function reload(read: () => Promise<Config>, daemon: Daemon, log: Logger): Promise<void> {
  try {
    await daemon.reload(await read());
  } catch (error) {
    if (error instanceof KdadError && error.code === 'INTERRUPTED') return;
    const { message, stack } = error as Error;
    const about = { problems: message.split('\n'), ...(!(error instanceof KdadError) && { stack }) };
    log.error(about, 'the new configuration has mistakes; the old one stays in force');
  }
}
