import { Command } from 'commander';

interface Options {
  readonly config: string;
  readonly ffmpeg?: string;
}

/** What the daemon keeps in its state folder. */
const OWN_STATE = ['evidence', 'outbox', 'overrides.json', 'refused', 'retained.json', 'scores'];
/** The exit code of a defect of ours, see errors.ts. */
const DEFECT = 70;
/** Milliseconds from the end of all parts to that of the process. */
const LINGER = 1000;

export const run = new Command('run')
  .description('watch the cameras of a configuration and raise alerts')
  .requiredOption('--config <file>', 'the configuration file')
  .option('--ffmpeg <file>', "the ffmpeg to use instead of the configuration's")
  .addHelpText(
    'after',
    '\nSIGTERM and Ctrl-C stop it; SIGHUP reloads the configuration. It ends when every camera is a file or folder that has\nplayed to its end.',
  )
  .action(async (options: Options) => {
    // Whoever sends a signal need not know what the daemon is about: SIGHUP comes to nothing before there is something
    // to read again, and a second SIGTERM changes nothing, since what stops has to tell of the alerts that are open.
    let onHangUp = () => {};
    process.on('SIGHUP', () => onHangUp());
    const asked = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, resolve);
    });
    const [{ loadConfig }, { Daemon }, { reload }, { createLog }, { closeEntries, closeToOthers }] = await Promise.all([
      import('../../line/config/load.js'),
      import('../../line/daemon/daemon.js'),
      import('../../line/daemon/reload.js'),
      import('../../line/observability/log.js'),
      import('../../line/state/close-to-others.js'),
    ]);
    const read = async () => {
      const config = await loadConfig(options.config);
      return options.ffmpeg ? { ...config, ffmpeg: options.ffmpeg } : config;
    };
    const config = await read();
    const log = createLog(config.logLevel);
    closeToOthers();
    await closeEntries(config.stateDir, OWN_STATE);
    const daemon = new Daemon(config, log);
    const broken = new Promise<string>((resolve) => {
      // The state of the daemon is not sure any more: alerts that are open are closed, and systemd starts it anew.
      process.on('uncaughtException', ({ stack }) => {
        log.fatal({ stack }, 'a defect of kdad-edge; please report it');
        process.exitCode = DEFECT;
        resolve('a defect');
      });
    });
    const started = daemon.start();
    let reloaded = started;
    onHangUp = () => {
      reloaded = reloaded.then(
        () => reload(read, daemon, log),
        () => {}, // The daemon has not started, and says so itself.
      );
    };
    const ended = started.then(() => daemon.ended());
    try {
      const reason = await Promise.race([asked, broken, ended.then(() => 'every camera ended')]);
      log.info({ reason }, 'stopping');
      await daemon.stop();
    } finally {
      // Whatever a part that could not be stopped has left open.
      setTimeout(() => process.exit(), LINGER).unref();
    }
  });
