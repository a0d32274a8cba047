import { access, open, rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { KdadError } from '../../common/errors.js';
import { makeParent, unwritable } from '../../common/files.js';
import { exitCodeOf, table } from './doctor.js';

interface Options {
  readonly model?: string;
  readonly camera?: string;
  readonly name: string;
  readonly broker?: string;
  readonly username?: string;
  readonly check: boolean;
}

const PASSWORD_FILES = { camera: 'camera-password', broker: 'mqtt-password' } as const;

export const init = new Command('init')
  .description('write a configuration and check that it works')
  .argument('[folder]', 'where to write kdad-edge.yaml', '.')
  .option('--model <folder>', 'a bundle that kdad-edge train wrote')
  .option('--camera <address>', 'rtsp://..., http://..., /dev/video0, a video or a folder of pictures')
  .option('--name <name>', 'the name of the camera in topics and metrics', 'line-1')
  .option('--broker <url>', 'mqtt://... or mqtts://..., or "none"')
  .option('--username <name>', 'the user at the broker; the password is asked for, or read from KDAD_MQTT_PASSWORD')
  .option('--no-check', 'only write the file; do not try it out')
  .addHelpText(
    'after',
    '\nOn a terminal, it asks for what is not given. It writes passwords to separate files that only you can read.',
  )
  .action(async (folder: string, options: Options) => {
    const [{ parseAddress }, { configurationText }, { examine }] = await Promise.all([
      import('../setup/address.js'),
      import('../setup/configuration-text.js'),
      import('../doctor/examine.js'),
    ]);
    const file = join(folder, 'kdad-edge.yaml');
    if (await exists(file)) throw new KdadError('OUTPUT_EXISTS', `${file}: there is a configuration`);
    const answers = await complete(options);
    const { source, password } = await parseAddress(answers.camera);
    const secrets = { camera: password, broker: answers.brokerPassword };
    const text = configurationText({
      model: relative(resolve(folder), resolve(answers.model)) || '.',
      camera: { name: options.name, source },
      cameraPasswordFile: PASSWORD_FILES.camera,
      broker: answers.broker
        ? {
            url: answers.broker,
            username: options.username,
            passwordFile: secrets.broker ? PASSWORD_FILES.broker : undefined,
          }
        : undefined,
    });
    const passwords = (['camera', 'broker'] as const).flatMap((of) =>
      secrets[of] ? [{ path: join(folder, PASSWORD_FILES[of]), data: `${secrets[of]}\n`, mode: 0o600 }] : [],
    );
    await writeNew([...passwords, { path: file, data: text }]);
    console.log(`Wrote ${file}`);
    if (!options.check) return;
    const findings = await examine(file);
    console.log(table(findings));
    process.exitCode = exitCodeOf(findings);
    console.log(process.exitCode ? `\nMend ${file} and try it with:` : '\nStart it with:');
    console.log(`  kdad-edge ${process.exitCode ? 'doctor' : 'run'} --config ${file}`);
  });

/**
 * Writes files that are not there yet, all of them or none.
 * @throws KdadError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 */
async function writeNew(files: readonly { readonly path: string; readonly data: string; readonly mode?: number }[]) {
  const written: string[] = [];
  try {
    for (const { path, data, mode } of files) {
      await makeParent(path);
      const handle = await open(path, 'wx', mode);
      written.push(path);
      await handle.writeFile(data).finally(() => handle.close());
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true }).catch(() => {});
    if (error instanceof KdadError) throw error;
    const { code, path = '' } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? new KdadError('OUTPUT_EXISTS', `${path}: a file is there`, { cause: error })
      : unwritable(path || files[0].path, error);
  }
}

/** Asks for what the command line does not say, where there is somebody to ask. */
async function complete(options: Options) {
  const missing = (flag: string) => new KdadError('USAGE', `expected ${flag}: nobody can be asked here`);
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  const dialogue = terminal ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const ask = async (given: string | undefined, question: string, flag: string, otherwise?: string) => {
    if (given !== undefined) return given;
    if (!dialogue) {
      if (otherwise !== undefined) return otherwise;
      throw missing(flag);
    }
    const hint = otherwise === undefined ? '' : ` [${otherwise}]`;
    return (await dialogue.question(`${question}${hint}: `)).trim() || otherwise || '';
  };
  try {
    const model = await ask(options.model, 'Model (folder that train wrote)', '--model');
    const camera = await ask(options.camera, 'Camera (rtsp://..., /dev/video0, video or folder)', '--camera');
    const broker = await ask(options.broker, 'MQTT broker, or none', '--broker', 'none');
    const brokerPassword =
      options.username === undefined
        ? undefined
        : await ask(process.env.KDAD_MQTT_PASSWORD, `Password of ${options.username}`, 'KDAD_MQTT_PASSWORD');
    return { model, camera, broker: broker === 'none' || broker === '' ? undefined : broker, brokerPassword };
  } finally {
    dialogue?.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
