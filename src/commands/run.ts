import { Command } from 'commander';

interface Options {
  readonly config: string;
  readonly ffmpeg?: string;
}

export const run = new Command('run')
  .description('watch the cameras of a configuration and raise alerts')
  .requiredOption('--config <file>', 'configuration, YAML')
  .option('--ffmpeg <file>', "the ffmpeg to use, instead of the configuration's")
  .addHelpText(
    'after',
    '\nSIGTERM and Ctrl-C stop it. It ends by itself when every camera is a file that has been played.',
  )
  .action(async (options: Options) => {
    const [{ loadConfig }, { Daemon }, { createLog }] = await Promise.all([
      import('../config/load.js'),
      import('../daemon/daemon.js'),
      import('../observability/log.js'),
    ]);
    const config = await loadConfig(options.config);
    const log = createLog(config.logLevel);
    const daemon = new Daemon(options.ffmpeg ? { ...config, ffmpeg: options.ffmpeg } : config, log);
    const asked = new Promise<string>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, resolve);
    });
    const starting = daemon.start().then(() => daemon.ended());
    const reason = await Promise.race([asked, starting.then(() => 'every camera ended')]);
    log.info({ reason }, 'stopping');
    await daemon.stop();
  });
